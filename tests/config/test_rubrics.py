"""Rubrics: the shipped ones are right, and what is wrong with one is told with its place."""

from pathlib import Path

import pytest

from persona_batch.config.load import load_batch, survey
from persona_batch.config.rubrics import load_rubric
from persona_batch.errors import ConfigError

SHIPPED = sorted((Path(__file__).parents[2] / "prompts/judges").glob("*.yaml"))
RIGHT = "text: 'Rate {{ reply }}.'\nscore: {min: 0, max: 3}\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_rubric_is_right_and_asks_for_what_it_reads(path: Path) -> None:
    rubric = load_rubric(str(path))
    values = dict.fromkeys(("question", "reply", "reply_a", "reply_b", "persona", "answer"), "—")
    messages = rubric.messages(values)
    assert messages[-1].role == "user"
    assert rubric.pairwise == (rubric.scale is None)
    if rubric.scale is not None:
        assert all(part in messages[-1].content for part in rubric.scale.parts)
        assert rubric.scale.refusal is None or rubric.scale.refusal in messages[-1].content
    twin = path.with_name(path.name.replace(".zh.yaml", ".yaml"))
    assert load_rubric(str(twin)).scale is None or rubric.scale is not None


def test_rubrics_come_in_both_languages() -> None:
    names = {path.stem for path in SHIPPED}
    assert names == {f"{name}{zh}" for name in ("role", "trait", "craft", "better") for zh in ("", ".zh")}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("score: {min: 0, max: 3}\n", "r.yaml:1:1: `text` is missing here; add `text: …`"),
        ("text: '{{ reply }}'\npairwise: false\n", "r.yaml:1:1: `score` is missing here; write `score:"),
        (RIGHT + "pairwise: true\n", "r.yaml:1:1: `score` and `pairwise` are two kinds of rubrics; write `score:"),
        (RIGHT.replace("reply", "rply"), "r.yaml:1:7: `rply` is not known to a rubric, did you mean `reply`?"),
        (RIGHT.replace("{{ reply }}", "it"), "r.yaml:1:7: the judge is never shown the reply; put `{{ reply }}`"),
        (RIGHT.replace("{{ reply }}", "{{ reply"), "r.yaml:1:7: the template cannot be read"),
        (RIGHT.replace("max: 3", "max: 0"), "r.yaml:2:22: found 0, expected more than `min`"),
        (RIGHT.replace(", max: 3", ""), "r.yaml:2:8: `min` and `max` belong together; write both"),
        (RIGHT.replace("max: 3", "max: three"), "r.yaml:2:22: found text `three`, expected a number"),
        (RIGHT.replace("min: 0", "mni: 0"), "r.yaml:2:9: unknown key `mni`, did you mean `min`?"),
        (RIGHT.replace("max: 3", "max: 3, labels: {a: 1, b: 2}"), "r.yaml:2:8: `labels` have scores of their own"),
        (RIGHT.replace("max: 3", "max: 3, parts: [a]"), "r.yaml:2:32: found 1 item, expected at least 2"),
        (RIGHT.replace("max: 3", "max: 3, pattern: '('"), "r.yaml:2:34: "),
        (RIGHT + "params: {temperature: 9}\n", "r.yaml:3:23: found `9`, expected at most 2"),
        (RIGHT + "colour: red\n", "r.yaml:3:1: unknown key `colour`"),
        (
            "pairwise: true\ntext: '{{ reply_a }}'\n",
            "r.yaml:2:7: the judge is never shown the reply; put `{{ reply_b }}`",
        ),
        ("pairwise: true\ntext: '{{ reply }}'\n", "r.yaml:2:7: `reply` is not known to a rubric, did you mean `reply_"),
        ("questions: [Hi]\n", "r.yaml:1:1: `r.yaml` is no rubric; one has `text` and `score`, or `pairwise: true`"),
    ],
)
def test_a_wrong_rubric_is_told_with_place_and_remedy(
    content: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_rubric("r.yaml")
    assert str(caught.value.problems[0]).startswith(problem)
    if "score" in content or "pairwise" in content:
        with pytest.raises(ConfigError):
            survey(["r.yaml"])


def test_a_folder_of_questions_may_hold_rubrics_and_a_rubric_is_no_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "p.yaml": "system: x\nquestions: [asked/]\n",
        "asked/q.yaml": "questions: [Hi]\n",
        "asked/judges/r.yaml": RIGHT,
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    assert [question.text for question in load_batch(["p.yaml"]).personas[-1].questions] == ["Hi"]
    assert len(load_batch(["p.yaml"], questions=["asked"]).personas[-1].questions) == 1
    with pytest.raises(ConfigError, match="is a rubric; a question file has"):
        load_batch(["p.yaml"], questions=["asked/judges/r.yaml"])
    with pytest.raises(ConfigError, match="is a rubric; `batch judge RUN"):
        load_batch(["asked/judges/r.yaml"])
    assert [file.kind for file in survey(["asked"]).files] == ["rubric", "questions"]
