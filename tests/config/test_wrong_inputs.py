"""Every mistake is one problem with its place, what was found, and the remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.conftest import Files, Load, Problems
from config.wrong import Wrong, persona
from config.wrong_checks import CHECKS
from config.wrong_guesses import GUESSES
from config.wrong_shapes import SHAPES
from config.wrong_signs import SIGNS
from config.wrong_talks import TALKS
from config.wrong_values import KEY, VALUES
from config.wrong_yaml import READINGS, YAML
from persona_batch.config.load import load_batch
from persona_batch.config.settings import Overrides
from persona_batch.errors import ConfigError

WRONG = [*YAML, *READINGS, *SIGNS, *SHAPES, *GUESSES, *VALUES, *TALKS, *CHECKS]
WIDE = "full-width signs are other signs in file names too"


def run_commands(run: str) -> str:
    """Return what is told whoever asks a run as if it were a persona."""
    return f"`batch show {run}` shows it, `batch run --resume {run}` goes on with it"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_mistake_is_one_problem_with_place_and_remedy(wrong: Wrong, problems: Problems) -> None:
    assert problems({"p.yaml": wrong.content}) == [f"p.yaml:{wrong.problem}"]


def test_a_list_that_an_alias_puts_under_an_unknown_key_is_told_of(problems: Problems) -> None:
    first = "- {id: a, system: &s x, questions: &q [Hello]}"
    found = problems(f"personas:\n{first}\n- {{id: b, system: *s, q'uestions: *q}}\n")
    assert "p.yaml:3:23: unknown key `q'uestions`, did you mean `questions`?" in found


def test_a_literal_key_is_in_no_message(problems: Problems) -> None:
    places = ["system", "name", KEY, "attributes", "id"]
    text = "\n".join(f"{key}: {KEY}" for key in places) + f"\nparams: {{temperature: {KEY}}}\nchecks: [{KEY}]\n"

    reported = problems(text)

    assert len(reported) >= len(places)
    assert KEY[3:] not in "\n".join(reported)


def test_a_key_in_a_prompt_file_is_refused_with_its_place(problems: Problems) -> None:
    files = {"p.yaml": "system: {file: p.md}\nquestions: [Hello]\n", "p.md": f"Be brief.\nUse {KEY}.\n"}

    (problem,) = problems(files)

    assert problem.startswith("p.md:2:5: this looks like an API key")
    assert KEY not in problem


def test_the_same_meaning_under_two_keys_is_led_to_one(problems: Problems) -> None:
    assert problems("role: system\ncontent: x\nquestions: [{role: user, content: Hi}]\n") == [
        "p.yaml:1:1: unknown key `role`; `content` is there already: delete one of them",
        "p.yaml:2:1: unknown key `content`; write it as `system: …`",
        "p.yaml:3:14: unknown key `role`; `content` is there already: delete one of them",
        "p.yaml:3:26: unknown key `content`; write it as `text: …`",
    ]
    assert problems("角色: 孙悟空\n提示词: 你是孙悟空\nquestions: [你好]\n") == [
        "p.yaml:1:1: unknown key `角色`; `提示词` is there already: delete one of them",
        "p.yaml:2:1: unknown key `提示词`; write it as `system: …`",
    ]


def test_a_path_of_another_system_is_led_to_one_from_where_it_stands(problems: Problems) -> None:
    text = "system: {file: in\\p.md}\nquestions: ['..\\q.yaml']\n"
    assert problems({"deep/p.yaml": text}) == [
        "deep/p.yaml:1:16: there is no file `deep/in\\p.md`; folders are separated by `/` here: write `in/p.md`",
        "deep/p.yaml:2:13: there is no file `..\\q.yaml`; folders are separated by `/` here: write `../q.yaml`",
    ]


def test_the_problems_of_all_files_are_reported_together_in_order(problems: Problems) -> None:
    files = {
        "b.yaml": "sytem: x\nquestions: [../q.yaml, no]\nparams: {temperature: 3}\n",
        "a.yaml": "system: {file: a.md}\nquestions: [q.yaml]\n",
        "q.yaml": "questions:\n  - {id: a b, text: Hi}\n  - {id: c, txt: Hi}\n",
    }

    reported = problems(files, ["b.yaml", "a.yaml"])

    assert [problem.split(": ")[0] for problem in reported] == [
        "a.yaml:1:16",
        "b.yaml:1:1",
        "b.yaml:2:13",
        "b.yaml:2:24",
        "b.yaml:3:23",
        "q.yaml:2:10",
        "q.yaml:3:13",
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nothing.yaml", "nothing.yaml: there is no file; check the name and the folder"),
        ("pirat.yaml", "pirat.yaml: there is no file, did you mean `pirate.yaml`?; check the name and the folder"),
        ("noting.yml", "noting.yml: there is no file; check the name and the folder"),
        ("pirate.yml", "pirate.yml: there is no file, did you mean `pirate.yaml`?; check the name and the folder"),
        ("pirate.md", "pirate.md: there is no file; check the name and the folder"),
        ("empty", "empty: the folder holds no .yaml file; name another, or a file"),
        ("*.yml", "*.yml: no .yaml file matches; check the pattern"),
        ("roles.csv", "roles.csv: a table is named in a .yaml file: `- from: roles.csv`"),
        ("", "FILE: an empty name; name a file, a folder or a glob"),
        ("a\0b", "a�b: an empty name; name a file, a folder or a glob"),
        (
            "q.yaml",
            "q.yaml:1:1: `q.yaml` is a question file, expected personas; give it by `-q`: `batch run P.yaml -q q.yaml`",
        ),
        ("f\\p.yaml", "f\\p.yaml: there is no file; folders are separated by `/` here: write `f/p.yaml`"),
        (".\\q.yaml", ".\\q.yaml: there is no file; folders are separated by `/` here: write `./q.yaml`"),
        ("C:\\q.yaml", "C:\\q.yaml: there is no file; folders are separated by `/` here: write `C:/q.yaml`"),
        ("ｑ.yaml", f"ｑ.yaml: there is no file, did you mean `q.yaml`?; {WIDE}"),
        ("old／q.yaml", f"old／q.yaml: there is no file, did you mean `q.yaml`?; {WIDE}"),
        ("be.md", "be.md: this is no .yaml file; if it is a prompt, write `system: {file: be.md}` into one beside it"),
        ("latest", f"latest: this is the name of a run; {run_commands('latest')}"),
        ("20261122T065600Z-a", f"20261122T065600Z-a: this is the name of a run; {run_commands('20261122T065600Z-a')}"),
        ("old", f"old: this is a run; {run_commands('old')}"),
        ("old/run.json", f"old/run.json: this is a run; {run_commands('old')}"),
        ("copy.jsonl", f"copy.jsonl: this is a run; {run_commands('copy.jsonl')}"),
        ("many", "many: this is a folder of runs; `batch runs --out many` lists them"),
        ("zz", "zz: the link leads to no file; name a file, a folder or a glob"),
        ("x" * 5000, f"{'x' * 199}…: the file cannot be looked up (File name too long); check the name"),
    ],
)
def test_a_wrong_file_name_says_what_is_wrong(
    name: str, problem: str, write: Callable[[Files], None], tmp_path: Path
) -> None:
    write({"pirate.yaml": "system: x\n", "roles.csv": "id\n", "q.yaml": "questions: [Hi]\n", "be.md": "Be brief.\n"})
    write({"old/run.json": "{}", "many/a/records.jsonl": "", "copy.jsonl": '{"schema_version":1,"key":"a"}\n'})
    write({"old/q.yaml": "questions: [Hi]\n"})
    (tmp_path / "zz").symlink_to("nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError) as caught:
        load_batch([name])
    assert str(caught.value) == problem


def test_an_unreadable_file_is_a_problem(write: Callable[[Files], None], tmp_path: Path) -> None:
    write({"p.yaml": "system: x\n"})
    fifo = tmp_path / "f.yaml"
    import os

    os.mkfifo(fifo)
    with pytest.raises(ConfigError, match="no regular file"):
        load_batch(["f.yaml"])


def test_a_file_that_is_too_large_is_refused(write: Callable[[Files], None], tmp_path: Path) -> None:
    write({"p.yaml": "system: x\n"})
    with (tmp_path / "p.yaml").open("r+b") as file:
        file.truncate(17 << 20)
    with pytest.raises(ConfigError, match="larger than 16 MB"):
        load_batch(["p.yaml"])


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (Overrides(samples=0), "--samples: found 0, expected at least 1"),
        (Overrides(timeout=-1), "--timeout: found -1, expected more than 0 seconds"),
        (Overrides(timeout=float("nan")), "--timeout: found nan, expected more than 0 seconds"),
        (Overrides(retries=-1), "--retries: found -1, expected at least 0"),
        (Overrides(models=("a", "a")), "--model: the same value is given twice; give each once"),
        (Overrides(base_url="ftp://x"), "--base-url: expected a URL such as https://host/v1"),
        (
            Overrides(api_key_env=KEY),
            "--api-key-env: expected the name of an environment variable such as MY_API_KEY, never the key itself",
        ),
    ],
)
def test_a_wrong_option_is_named(overrides: Overrides, problem: str, problems: Problems) -> None:
    assert problems("system: x\nquestions: [Hello]\n", overrides=overrides) == [problem]


@pytest.mark.parametrize("text", ["What is C?", "你好", "Who?", "取经 难吗"])
def test_a_question_in_the_place_of_its_file_is_told_where_it_goes(text: str, problems: Problems) -> None:
    (problem,) = problems("system: x\n", questions=[text])
    assert problem.startswith(f"-q: found the text `{text}`, expected a question file; write it under `questions:`")


def test_a_persona_file_in_the_place_of_a_question_file_is_told_its_command(problems: Problems) -> None:
    files = {"p.yaml": "system: x\n", "f/q.yaml": "instructions: x\nname: y\n", "f/r.yaml": "questions: [Hello]\n"}
    for named, file in {"p.yaml": "p.yaml", "f": "f/q.yaml", "f/*.yaml": "f/q.yaml"}.items():
        told = problems(files, questions=[named])
        assert told[0].startswith(f"{file}:1:1: `{file}` is a persona file; a question file has `questions:`")
        assert told[0].endswith(f"; `batch run {file}` asks it")


@pytest.mark.parametrize(
    "line",
    [
        "id: ms-2f1c9d1e-5b7a-4c3d-9e8f-0a1b2c3d4e5f",
        "attributes: {note: AKIAIOSFODNN7EXAMPLE}",
        "attributes: {password: q8Zr2LmN0pXy7Kd1}",
        "params: {metadata: {session_token: [abc]}}",
        "description: see https://me:geheim@host/",
        "run: {provider: {base_url: 'https://h/v1', extra_headers: {X-Team: Bearer q8Zr2LmN0pXy7Kd1}}}",
        "run: {provider: {base_url: 'https://h/v1', extra_headers: {Ocp-Apim-Subscription-Key: abc}}}",
        "run: {provider: {extra_body: {openai_api_key: abc}}}",
        "run: {provider: {extra_body: {plugins: [{auth: {access_key: abc}}]}}}",
        "checks: [{contains: 'X-Api-Key: 0123456789abcdef0123'}]",
        "examples: [{user: 'curl https://h/?token=q8Zr2LmN0pXy7Kd1', assistant: ok}]",
    ],
)
def test_a_key_is_refused_wherever_it_stands_in_a_file(line: str, problems: Problems) -> None:
    found = problems(f"system: x\nquestions: [a]\n{line}\n")
    assert any("never stands in a file" in problem or "looks like an API key" in problem for problem in found)
    for secret in ("2f1c9d1e", "AKIAIOS", "q8Zr2", "geheim", "0123456789abcdef"):
        assert not any(secret in problem for problem in found)


def test_a_key_in_the_name_of_a_file_is_refused_and_not_shown(problems: Problems) -> None:
    found = problems({f"{KEY}.yaml": "system: x\nquestions: [a]\n"})
    assert found == ["[key].yaml: the file's name holds what looks like an API key; give it another name"]


@pytest.mark.parametrize(
    "line",
    [
        "attributes: {secret: 他其实是一个怕水的猴子, token: yes-man, cookie: chocolate-chip}",
        "params: {stop_token_ids: [1], bos_token: 'x'}",
        "run: {model: cross-encoder/ms-marco-MiniLM-L-12-v2}",
        "description: 'key: 0f343b0931126a20f133d67c2b018a3b, commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad'",
        "id: sk-learn-tutorial-chapter-12",
    ],
)
def test_what_is_no_key_is_not_refused(line: str, load: Load) -> None:
    assert load(f"system: My password is swordfish.\nquestions: [What is a token?]\n{line}\n").personas


@pytest.mark.parametrize("line", ["params: {token:hush-hush}", "run: {password:hush-hush}", "token:hush-hush\nname: x"])
def test_a_secret_without_a_space_before_it_is_in_no_message(line: str, problems: Problems) -> None:
    reported = problems(persona(line))
    assert any("write `" in problem for problem in reported)
    assert "hush" not in "\n".join(reported)
