"""What a user names (a file, a folder, a glob) → files."""

import glob
import os
from dataclasses import dataclass
from pathlib import Path

from persona_batch.config.problems import Place, Problems, did_you_mean, quote
from persona_batch.config.textfile import shown_name

SUFFIXES = (".yaml", ".yml")
_TABLES = (".csv", ".tsv", ".jsonl")


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
        if path.is_symlink() and not path.exists():
            problems.add(place, f"the link{shown} leads to no file; name a file, a folder or a glob")
            return []
        if not path.exists():
            problems.add(place, f"there is no file{shown}{_near(path)}; check the name and the folder")
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


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    return did_you_mean(path.name, [file.name for file in path.parent.iterdir()])
