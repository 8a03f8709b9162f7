"""Personas and questions as plain values say what files of the same words say, mistakes included."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from persona_batch import ConfigError, UsageError, ask, run
from persona_batch.api.values import personas_of, questions_of
from persona_batch.config.inline import Inline
from persona_batch.config.load import load_batch
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=20).filter(str.strip)
PARAMS = st.dictionaries(
    st.sampled_from(["temperature", "seed", "max_tokens"]), st.integers(1, 2) | st.just(1.0), max_size=2
).map(lambda of: {name: int(value) if name != "temperature" else value for name, value in of.items()})
QUESTION = TEXT.filter(lambda text: not text.casefold().endswith((".yaml", ".yml"))) | st.fixed_dictionaries(
    {"text": TEXT},
    optional={"params": PARAMS, "checks": st.lists(st.fixed_dictionaries({"contains": TEXT}), min_size=1, max_size=2)},
)
PERSONA = st.fixed_dictionaries(
    {"system": TEXT | st.just("") | st.lists(TEXT, min_size=2, max_size=3, unique=True)},
    optional={
        "name": TEXT,
        "placement": st.sampled_from(["system", "user", "developer"]),
        "examples": st.lists(st.fixed_dictionaries({"user": TEXT, "assistant": TEXT}), min_size=1, max_size=2),
        "params": PARAMS,
        "attributes": st.dictionaries(st.sampled_from(["world", "language"]), TEXT, max_size=2),
        "controls": st.sampled_from([[], ["none"], ["assistant", "empty"]]),
    },
)


def cells(batch: Any) -> list[tuple[str, ...]]:
    grid = Grid(batch, endpoint=Endpoint("scripted", "scripted"), models=["m"])
    return sorted((cell.key, cell.persona, cell.question, str(cell.checks), str(cell.attributes)) for cell in grid)


class Quoting(yaml.SafeDumper):
    """Writes every text in quotes: PyYAML leaves them off `0E0`, which is a number in YAML 1.2."""


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def in_yaml(said: object) -> str:
    return str(yaml.dump(said, Dumper=Quoting, allow_unicode=True, sort_keys=False))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@example(personas=[{"system": ""}], questions=["0E0"])
@given(personas=st.lists(PERSONA, min_size=1, max_size=3), questions=st.lists(QUESTION, min_size=1, max_size=3))
def test_values_have_the_keys_of_the_same_words_in_yaml(
    folder: Path, personas: list[dict[str, Any]], questions: list[Any]
) -> None:
    entries = [{"id": f"p{number}", **persona} for number, persona in enumerate(personas)]
    said = [one if isinstance(one, str) else {"id": f"q{number}", **one} for number, one in enumerate(questions)]
    (folder / "p.yaml").write_text(in_yaml({"personas": entries}), encoding="utf-8")
    (folder / "q.yaml").write_text(in_yaml({"questions": said}), encoding="utf-8")

    def outcome(files: Any, asked: Any) -> object:
        try:
            return cells(load_batch(files, questions=asked))
        except ConfigError as error:
            return len(error.problems)

    filed = outcome(["p.yaml"], ["q.yaml"])
    by_name = {entry["id"]: {name: value for name, value in entry.items() if name != "id"} for entry in entries}
    for given_personas in (entries, {"personas": entries}, tuple(entries), by_name):
        for given_questions in (said, {"questions": said}):
            found = outcome(personas_of(given_personas), questions_of(given_questions))
            if isinstance(filed, int):
                assert isinstance(found, int)
            else:
                assert found == filed


def test_one_prompt_may_be_said_in_several_ways() -> None:
    said = [
        {"pirate": "Talk."},
        {"pirate": {"system": "Talk."}},
        {"id": "pirate", "system": "Talk."},
        {"personas": [{"id": "pirate", "system": "Talk."}]},
        [{"pirate": "Talk."}],
        iter([{"pirate": np.str_("Talk.")}]),
    ]
    keys = {str(cells(load_batch(personas_of(one), questions=questions_of("Hi?")))) for one in said}
    assert len(keys) == 1
    asked = ["Hi?", ["Hi?"], {"Hi": "Hi?"}, {"questions": ["Hi?"]}, [{"text": "Hi?"}], np.array(["Hi?"])]
    keys |= {str(cells(load_batch(personas_of(said[0]), questions=questions_of(one)))) for one in asked}
    assert len(keys) == 1


def test_numbers_of_numpy_are_numbers() -> None:
    (given,) = personas_of({"id": "a", "system": "x", "params": {"seed": np.int64(3), "top_p": np.float64(0.5)}})
    assert isinstance(given, Inline)
    assert json.dumps(given.said["params"]) == '{"seed": 3, "top_p": 0.5}'


def test_names_are_names_of_files_and_texts_are_asked(folder: Path) -> None:
    (folder / "prompts").mkdir()
    (folder / "prompts/q.yaml").write_text("questions: [filed]\n", encoding="utf-8")
    assert personas_of(["a.yaml", Path("b"), "c*"]) == ("a.yaml", "b", "c*")
    found = questions_of(["prompts/q.yaml", "prompts/", Path("prompts"), "./*.yml", "Why?", "missing"])
    assert [one if isinstance(one, str) else one.said for one in found] == [
        "prompts/q.yaml",
        "prompts/",
        "prompts",
        "./*.yml",
        "Why?",
        "missing",
    ]
    assert [type(one) is str for one in found] == [True, True, True, True, False, False]
    with pytest.raises(UsageError, match=r"write Path\('prompts'\) for what is in it, or {'text': "):
        questions_of("prompts")


class Frame:
    """What looks like a data frame."""

    columns = ("id",)

    def __iter__(self) -> Any:
        return iter(self.columns)


LOOP: list[Any] = []
LOOP.append(LOOP)

WRONG: dict[str, tuple[Any, Any, str]] = {
    "a mistyped key": ([{"a": "x"}, {"id": "b", "sytem": "x"}], "q", r"^personas\[1\]: unknown key `sytem`, did you"),
    "below a name": ({"a": {"system": "x", "parms": {}}}, "q", r"^personas\['a'\]: unknown key `parms`, did you mean"),
    "in a list of a file": (
        {"personas": [{"id": "a", "system": "x", "params": {"temperature": "hot"}}]},
        "q",
        r"^personas\['personas'\]\[0\]\['params'\]\['temperature'\]: found text `hot`, expected a number",
    ),
    "a prompt without a name": ("Talk like a pirate", "q", "a prompt is given with a name"),
    "no such file": ("nobody.yaml", "q", "there is no file"),
    "no id": ([{"system": "x"}], "q", r"^personas\[0\]: `id` is missing here"),
    "a bad id": ({"a b": "x"}, "q", "an id holds letters, digits"),
    "two names": ({"a": {"id": "b", "system": "x"}}, "q", "it has its name for an `id`"),
    "twins": ([{"a": "x"}, {"a": "y"}], "q", r"the persona id `a` stands in personas\[0\]\['a'\]\['id'\] already"),
    "no text": ({"a": 5}, "q", "found `5`, read as a number, expected text"),
    "null": ({"a": {"system": "x", "name": None}}, "q", "found null"),
    "a set": ({"a": {"system": "x", "controls": {"none"}}}, "q", "found a value of type set"),
    "bytes": ({"a": b"x"}, "q", "found a value of type bytes"),
    "no number": ({"a": {"system": "x", "params": {"seed": float("inf")}}}, "q", "is no finite number"),
    "too large": ({"a": {"system": "x", "params": {"seed": 2**70}}}, "q", "does not fit into 64 bits"),
    "half a character": ({"a": "\ud83d"}, "q", "half a surrogate pair is no text"),
    "a key that is no text": ({1: "x"}, "q", "the name `1` is no text"),
    "in itself": ({"a": {"system": "x", "checks": LOOP}}, "q", "nested deeper than 40 levels"),
    "a secret": ({"a": "my key is sk-abcdefghijklmnopqrstuvwx0123456789"}, "q", "looks like an API key"),
    "nothing": ([], "q", "personas: there is nothing in it"),
    "no personas": (5, "q", "personas: found a value of type int"),
    "a number in a list": ([5], "q", r"personas\[0\]: found a value of type int"),
    "a data frame": (Frame(), "q", "of a data frame, give its rows as dicts"),
    "an empty question": ({"a": "x"}, ["q", " "], r"^questions\[1\]"),
    "a question twice": ({"a": "x"}, ["q", "q"], r"^questions\[1\]: the question `q` .* is asked twice"),
    "a mistyped question": ({"a": "x"}, [{"text": "q", "check": []}], r"^questions\[0\]: unknown key `check`"),
    "a mistyped text": ({"a": "x"}, {"txt": "q"}, r"^questions: unknown key `txt`, did you mean `text`"),
    "a mistyped prompt": ({"sytem": "x"}, "q", r"^personas: unknown key `sytem`, did you mean `system`"),
    "no questions": ({"a": "x"}, [], "questions: there is nothing in it"),
    "a persona as a question": ({"a": "x"}, {"system": "x", "id": "b"}, "questions"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_is_told_with_its_place_and_nothing_is_written(case: str, folder: Path) -> None:
    personas, questions, message = WRONG[case]
    with pytest.raises(UsageError) as raised:
        run(personas, questions, provider="scripted")
    assert any(re.search(message, line) for line in str(raised.value).splitlines()), raised.value
    assert "sk-abc" not in str(raised.value)
    assert not (folder / "runs").exists()


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        run([{"id": "a", "sytem": "x"}, {"id": "b", "system": "x", "parms": 1}], [{"txt": "q"}], provider="scripted")
    assert len(raised.value.problems) >= 3


def test_what_files_are_named_in_values_starts_from_the_working_folder(folder: Path) -> None:
    (folder / "prompt.txt").write_text("From a file.\n", encoding="utf-8")
    (folder / "rows.csv").write_text("name\nx\ny\n", encoding="utf-8")
    asked = ask({"a": {"system": {"file": "prompt.txt"}}}, "Hi?", provider="scripted")
    assert asked.messages[0].content == "From a file."
    done = run([{"from": "rows.csv", "id": "{{ name }}", "system": "You are {{ name }}."}], "Hi?", provider="scripted")
    assert {record.persona for record in done.records()} == {"x", "y", "none", "assistant"}
