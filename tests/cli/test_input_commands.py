"""`batch check`, `batch schema` and `batch init`, as real processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from terminals import command

RIGHT = "system: x\nquestions: [q.yaml, Hello]\n"
QUESTIONS = "questions: [A, B]\n"


def batch(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    return command.batch(*args, cwd=folder, env=env)


def test_check_counts_what_is_right(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(RIGHT)
    (tmp_path / "q.yaml").write_text(QUESTIONS)
    done = batch(tmp_path, "check", "p.yaml", "q.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "p.yaml: 1 persona, 3 questions\nq.yaml: 2 questions\n"


def test_check_as_json_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("system: 你是孙悟空\nquestions: [你好]\n", encoding="utf-8")
    done = batch(tmp_path, "check", ".", "--json")
    result = json.loads(done.stdout)
    assert result["files"] == [{"path": "p.yaml", "kind": "persona", "personas": 1, "questions": 1}]
    assert result["warnings"][0].startswith("the embedded model speaks English only")
    assert done.stderr.startswith("batch: warning: the embedded model")


def test_check_reports_all_problems_on_any_locale_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("sytem: 你是孙悟空\nquestions: [好]\n", encoding="utf-8")
    (tmp_path / "q.yaml").write_text("questions: [no]\n")
    done = batch(tmp_path, "check", "p.yaml", "q.yaml", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "batch: p.yaml:1:1: unknown key `sytem`, did you mean `system`?",
        'batch: q.yaml:1:13: `no` is read as false here; write "no" for the text, or false',
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.yaml", "q.yaml"]


def test_check_needs_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("system: x\nquestions: [Hello]\n")
    code = (
        "import sys; from persona_batch.cli.main import main\n"
        "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, "check", "p.yaml"], cwd=tmp_path, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert done.stdout == "p.yaml: 1 persona, 1 question\n"
    assert not loaded & {"openai", "numpy", "scipy", "rich", "jinja2", "aiohttp", "sklearn", "regex", "httpx"}


@pytest.mark.parametrize("kind", ["persona", "questions", "record", "comparison"])
def test_schema_prints_a_schema(kind: str, tmp_path: Path) -> None:
    done = batch(tmp_path, "schema", kind)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["$schema"].startswith("https://json-schema.org/")


def test_schema_of_nothing_known_is_refused(tmp_path: Path) -> None:
    done = batch(tmp_path, "schema", "personas")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("batch: there is no schema of `personas`; did you mean `persona`?\n")


def test_init_makes_a_folder_that_checks(tmp_path: Path) -> None:
    made = batch(tmp_path, "init", "study")
    assert made.returncode == 0
    assert "study/.env.example" in made.stdout.splitlines()
    assert "batch run personas/pirate.yaml" in made.stderr
    assert (tmp_path / "study/.gitignore").read_text().split() == [".env", "runs/"]
    checked = batch(tmp_path / "study", "check", "personas", "prompts")
    assert (checked.returncode, checked.stderr) == (0, "")
    for path in (tmp_path / "study/personas").glob("*.yaml"):
        schema = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / schema).is_file()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/small-talk.yaml").write_text("mine")
    done = batch(tmp_path, "init")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "batch: prompts/small-talk.yaml exists already, nothing was written; name another folder: batch init DIR\n"
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["prompts", "small-talk.yaml"]


def test_init_where_nothing_can_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = batch(tmp_path, "init", "file/study")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
