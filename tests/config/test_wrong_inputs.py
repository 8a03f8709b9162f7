"""Every mistake is one problem with its place, what was found, and the remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.conftest import Files, Problems
from config.wrong import Wrong
from config.wrong_guesses import GUESSES
from config.wrong_shapes import SHAPES
from config.wrong_signs import SIGNS
from config.wrong_values import KEY, VALUES
from config.wrong_yaml import READINGS, YAML
from persona_batch.config.load import load_batch
from persona_batch.config.settings import Overrides
from persona_batch.errors import ConfigError

WRONG = [*YAML, *READINGS, *SIGNS, *SHAPES, *GUESSES, *VALUES]
WIDE = "full-width signs are other signs in file names too"


def run_commands(run: str) -> str:
    """Return what is told whoever asks a run as if it were a persona."""
    return f"`batch show {run}` shows it, `batch run --resume {run}` goes on with it"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_mistake_is_one_problem_with_place_and_remedy(wrong: Wrong, problems: Problems) -> None:
    assert problems({"p.yaml": wrong.content}) == [f"p.yaml:{wrong.problem}"]


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
        ("empty", "empty: the folder holds no .yaml file; name another, or a file"),
        ("*.yml", "*.yml: no .yaml file matches; check the pattern"),
        ("roles.csv", "roles.csv: tables are planned and not built yet; write a .yaml file"),
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
