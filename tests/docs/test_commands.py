"""What the pages tell a reader to type works as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import PAGES, Block, blocks, name_of
from docs.workplace import Workplace, workplace

SHELLS = ("sh", "bash", "console", "cron")
KNOWN = (*SHELLS, "yaml", "json", "python", "text")
FIRST_COMMANDS = "pip install uv && uv run "  # made and run by the gate in a clean checkout, with all that they install


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_fence_says_what_it_holds(page: Path) -> None:
    wrong = [
        f"line {block.line}: {block.language or 'nothing'}" for block in blocks(page) if block.language not in KNOWN
    ]
    assert not wrong, f"expected one of {', '.join(KNOWN)}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(block.language in SHELLS for block in blocks(page))], ids=name_of
)
def test_the_commands_of_a_page_run(page: Path, tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        for block in blocks(page):
            if block.skipped:
                continue
            if block.file:
                (place.folder / block.file).write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                _compare(block, place)
            elif block.language == "cron":
                _run_cron_line(block, place)
            elif block.language in SHELLS:
                place.run("\n".join(line for line in block.text.splitlines() if not line.startswith(FIRST_COMMANDS)))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(block.language == "python" for block in blocks(page))], ids=name_of
)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        for block in blocks(page):
            if block.language in ("sh", "bash") and not block.skipped:
                place.run(block.text)
            elif block.language == "python" and not block.skipped:
                done = subprocess.run(
                    [sys.executable, "-c", block.text],
                    cwd=place.folder,
                    capture_output=True,
                    encoding="utf-8",
                    timeout=60,
                )
                assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(block.language == "yaml" for block in blocks(page))], ids=name_of
)
def test_the_files_shown_on_a_page_are_right(page: Path, tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        for number, block in enumerate(blocks(page)):
            if block.language != "yaml" or block.skipped or block.file:
                continue
            shown = f"personas/shown-{number}.yaml"
            (place.folder / shown).write_text(block.text, encoding="utf-8")
            asks = "" if "\nsystem:" in block.text else "personas/teacher.yaml -q "
            place.run(f"batch run {asks}{shown} --dry-run")


def _compare(block: Block, place: Workplace) -> None:
    """Run what follows each `$ ` and compare what it prints; `…` stands for anything."""
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        printed = place.run(command, check=False).stdout
        pattern = ".*?".join(re.escape(part) for part in expected.rstrip("\n").split("…"))
        assert re.fullmatch(pattern, printed.rstrip("\n"), re.DOTALL), f"line {block.line}: {command}\n{printed}"


def _run_cron_line(block: Block, place: Workplace) -> None:
    """Do what cron does with a line: five fields, then a command for /bin/sh, in the home folder, where % ends it."""
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
