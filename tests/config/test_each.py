"""`batch check --each`, as a pre-commit hook calls it: some files of several folders, that are no batch together."""

from pathlib import Path

import pytest
import yaml

from docs.pages import ROOT
from terminals.command import batch

FILES = {
    "a/personas/cook.yaml": "id: cook\nsystem: B\ncontrols: [plain]\nquestions: [{from: ../q.csv, text: '{{ q }}'}]\n",
    "a/personas/plain.yaml": "id: plain\nsystem: Hi.\n",
    "a/personas/cook2.yaml": "id: cook\nsystem: You cook well.\n",
    "a/q.csv": "q\nSalt?\n",
    "b/personas/cook.yaml": "id: cook\nsystem: Another.\nrun: {samples: 3}\n",
    "c/personas/cook.yaml": "id: cook\nsystem: A third.\nrun: {samples: 4}\n",
    "c/prompts/q.yaml": "questions: [What?]\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_files_that_are_no_batch_together_are_right_one_by_one(folder: Path) -> None:
    named = [name for name in FILES if name.endswith(".yaml")]
    assert batch("check", *named, cwd=folder).returncode == 2  # together they have twins
    done = batch("check", "--each", *named, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == named


def test_a_file_alone_finds_what_it_names_in_its_folder(folder: Path) -> None:
    (folder / "a/personas/cook2.yaml").unlink()
    done = batch("check", "--each", "a/personas/cook.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "a/personas/cook.yaml: 1 persona, 1 question\n")


def test_every_mistake_of_every_file_is_told_once(folder: Path) -> None:
    (folder / "a/personas/cook.yaml").write_text("id: cook\nsytem: x\n", encoding="utf-8")
    (folder / "b/personas/cook.yaml").write_text("id: cook\nsystem: x\ncontrols: [nobody]\n", encoding="utf-8")
    named = [name for name in FILES if name.endswith("cook.yaml")]
    done = batch("check", "--each", *named, "gone.yaml", cwd=folder)
    assert done.returncode == 2
    told = [line.removeprefix("batch: ").split(": ")[0] for line in done.stderr.splitlines()]
    assert told == ["a/personas/cook.yaml:2:1", "b/personas/cook.yaml:3:12", "gone.yaml"]


def test_the_hook_calls_a_command_that_is_there_for_the_files_of_a_repository() -> None:
    import re

    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["entry"], hook["language"]) == ("batch-check", "batch check --each", "python")
    ours = [
        path.relative_to(ROOT).as_posix() for name in ("personas", "prompts") for path in ROOT.glob(f"{name}/**/*.yaml")
    ]
    assert ours
    assert all(re.search(hook["files"], name) for name in ours)
    assert not re.search(hook["files"], "docs/personas.md")
    done = batch("check", "--each", *ours, cwd=ROOT)
    assert done.returncode == 0, done.stderr
