"""What the pages tell a reader to type works as it stands, and the files they show are right."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from docs.pages import PAGES, ROOT, Block, blocks, name_of
from docs.workplace import Workplace, workplace
from persona_batch.config.load import load_batch

RUN = ("sh", "bash", "console", "cron", "python")
KNOWN = (*RUN, "yaml", "json", "text")
SAME = ROOT / "README.zh-CN.md"  # has the very blocks of README.md, see test_readmes
FIRST_COMMANDS = "pip install uv && uv run "  # the gate runs them, in a clean checkout


def pages_with(*languages: str) -> list[Path]:
    return [page for page in PAGES if page != SAME and any(block.language in languages for block in blocks(page))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_fence_says_what_it_holds(page: Path) -> None:
    wrong = [f"line {block.line}: {block.language}" for block in blocks(page) if block.language not in KNOWN]
    assert not wrong, f"expected one of {', '.join(KNOWN)}"


@pytest.mark.parametrize("page", pages_with(*RUN), ids=name_of)
def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    with workplace(tmp_path, results=page.name == "import-results.md") as place:
        missing = []
        for block in blocks(page):
            if block.skipped:
                continue
            if block.needs and not (shutil.which(block.needs) or find_spec(block.needs)):
                missing.append(block.needs)
            elif block.file:
                (place.folder / block.file).write_text(block.text, encoding="utf-8")
            elif block.language in ("sh", "bash"):
                lines = block.text.splitlines()
                place.run("\n".join(line for line in lines if not line.startswith(FIRST_COMMANDS)))
            elif block.language == "console":
                _compare(block, place)
            elif block.language == "cron":
                _run_cron_line(block, place)
            elif block.language == "python":
                _run_python(block, place)
        if missing:
            pytest.skip(f"what needs {', '.join(missing)} was left out; all else ran")


@pytest.mark.parametrize("page", pages_with("yaml"), ids=name_of)
def test_the_files_shown_on_a_page_are_right(page: Path, tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        for block in blocks(page):
            if block.language != "yaml" or block.skipped or block.file:
                continue
            shown = place.folder / f"personas/shown-{block.line}.yaml"
            shown.write_text(block.text, encoding="utf-8")
            if "\nsystem:" in f"\n{block.text}":
                assert load_batch([shown]).personas
            else:
                assert load_batch([place.folder / "personas/teacher.yaml"], questions=[shown]).personas


def _compare(block: Block, place: Workplace) -> None:
    """Run what follows each `$ ` and compare what it prints; `…` stands for anything."""
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        printed = place.run(command, check=False).stdout
        pattern = ".*?".join(re.escape(part) for part in expected.rstrip("\n").split("…"))
        assert re.fullmatch(pattern, printed.rstrip("\n"), re.DOTALL), f"line {block.line}: {command}\n{printed}"


def _run_cron_line(block: Block, place: Workplace) -> None:
    """Do what cron does with a line: five fields, then a command for /bin/sh in the home folder, which a % ends."""
    for line in block.text.splitlines():
        fields = line.split(maxsplit=5)
        assert len(fields) == 6
        assert all(re.fullmatch(r"[\d*/,-]+", field) for field in fields[:5]), line
        assert "%" not in fields[5]
        bare = {"HOME": str(place.home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "reader"}
        done = subprocess.run(["/bin/sh", "-c", fields[5]], cwd=place.home, env=bare, capture_output=True, timeout=100)
        log = place.folder / "runs" / "cron.log"
        assert done.returncode == 0, log.read_text(encoding="utf-8") if log.exists() else done.stderr
        assert list((place.folder / "runs").glob("*/records.jsonl"))


def _run_python(block: Block, place: Workplace) -> None:
    command = [sys.executable, "-c", block.text]
    done = subprocess.run(
        command, cwd=place.folder, env=place.environment, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
