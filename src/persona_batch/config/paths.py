"""What a user names (a file, a folder, a glob) → files."""

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path

from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.textfile import near_file, shown_name

SUFFIXES = (".yaml", ".yml")
RECORDS, MANIFEST = "records.jsonl", "run.json"  # what a run's folder is known by
_TABLES = (".csv", ".tsv", ".jsonl")
_PROMPTS = (".txt", ".md")
_RUN_ID = re.compile(r"latest|previous|\d{8}T\d{6}Z-.*")


@dataclass(frozen=True, slots=True)
class Named:
    """One file to read, and what it is called in messages."""

    path: Path
    shown: str


def expand(name: str, problems: Problems, base: Path | None = None, named_at: Place | None = None) -> list[Named]:
    """Return the files that a name stands for, sorted.

    A folder stands for all `.yaml` and `.yml` files in it and below, hidden ones left out; `*`, `?`, `[…]` and
    `**` are a glob unless a file of that very name exists.

    Args:
        name: as the user wrote it.
        problems: a name that stands for nothing is noted here.
        base: the folder that relative names start from; None: the working folder.
        named_at: the place that names it; None: the command line.
    """
    place = named_at or Place(_printable(name) if name.strip() else "FILE")
    shown = "" if named_at is None else f" {quote(name, 80)}"
    if "\0" in name or not name.strip():
        problems.add(place, "an empty name; name a file, a folder or a glob")
        return []
    path = Path(name).expanduser() if base is None else base / Path(name).expanduser()
    try:
        if remedy := _something_else(path, name):
            problems.add(place, f"{quote(name, 80)[1:-1] if shown else 'this'} is {remedy}")
            return []
        if path.is_dir():
            files = sorted(_below(path))
            if not files:
                problems.add(place, f"the folder{shown} holds no .yaml file; name another, or a file")
            return _utf8(files, problems)
        if not path.exists() and glob.has_magic(name):
            matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207  # absolute patterns too
            files = [match for match in matches if match.is_file() and match.suffix.lower() in SUFFIXES]
            if not files:
                problems.add(place, f"no .yaml file matches{shown}; check the pattern")
            return _utf8(files, problems)
        if path.suffix.lower() in _TABLES:
            problems.add(place, f"tables{shown} are planned and not built yet; write a .yaml file")
            return []
        if not path.exists():
            link = f"the link{shown} leads to no file; name a file, a folder or a glob"
            problems.add(place, link if path.is_symlink() else f"there is no file{shown}{near_file(path, name)}")
            return []
    except OSError as error:
        problems.add(place, f"the file{shown} cannot be looked up ({error.strerror}); check the name")
        return []
    return [Named(path, shown_name(path) if base is not None else name)]


def _utf8(files: list[Path], problems: Problems) -> list[Named]:
    """Return the files found, but for those whose names cannot stand in a manifest, which is UTF-8."""
    named = []
    for file in files:
        shown = os.fsencode(shown_name(file)).decode("utf-8", "backslashreplace")
        if shown == shown_name(file):
            named.append(Named(file, shown))
        else:
            problems.add(Place(shown), "the file's name is not UTF-8; rename it")
    return named


def _below(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def _printable(name: str) -> str:
    """Return a name from the command line as it stands at the head of a message."""
    shown = "".join(char if char.isprintable() else "�" for char in name)
    return shown if len(shown) <= 200 else f"{shown[:199]}…"


def is_run(path: Path) -> bool:
    """Say whether a path is the folder of a run."""
    return path.is_dir() and ((path / RECORDS).is_file() or (path / MANIFEST).is_file())


def _something_else(path: Path, name: str) -> str:
    """Return what a path is that is neither personas nor questions, and the command for it; or an empty string."""
    if _RUN_ID.fullmatch(name) and not path.exists():
        return f"the name of a run; {_run_commands(name)}"
    if is_run(path) or (path.is_file() and _belongs_to_run(path)):
        run = name if path.is_dir() or path.suffix == ".jsonl" else str(Path(name).parent)
        return f"a run; {_run_commands(run)}"
    if path.is_dir() and any(is_run(below) for below in path.iterdir()) and not _below(path):
        return f"a folder of runs; `batch runs --out {name}` lists them"
    if path.suffix.lower() in _PROMPTS and path.is_file():
        return f"no .yaml file; if it is a prompt, write `system: {{file: {path.name}}}` into one beside it"
    return ""


def _run_commands(run: str) -> str:
    return f"`batch show {run}` shows it, `batch run --resume {run}` goes on with it"


def _belongs_to_run(path: Path) -> bool:
    if path.suffix not in {".jsonl", ".json", ".log", ".torn"}:
        return False
    if is_run(path.parent):
        return True
    with path.open("rb") as file:
        return b'"schema_version"' in file.read(200) and path.suffix == ".jsonl"
