r"""What a user names (a file, a folder, a glob) → files, and the text of one.

A text file is read bounded, as UTF-8 with or without BOM on any locale, with line ends as `\n`.
"""

import glob
import hashlib
import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from persona_batch.config.problems import Place, Problems, Unreadable, did_you_mean, quote
from persona_batch.wording import nearest

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 16 * 1024 * 1024
MAX_TABLE_BYTES = 1024 * 1024 * 1024
RECORDS, MANIFEST = "records.jsonl", "run.json"  # what a run's folder is known by
_TABLES = (".csv", ".tsv", ".jsonl")
_PROMPTS = (".txt", ".md")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
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
            problems.add(place, f"a table{shown} is named in a .yaml file: `- from: {path.name}`")
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


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that was read; `shown` is its name in messages."""

    shown: str
    path: Path
    text: str
    sha256: str


def shown_name(path: Path) -> str:
    """Return the path as it was put together, without `..` in the middle, with `/` on every system."""
    return Path(os.path.normpath(path)).as_posix()


def recorded_name(path: Path) -> str:
    """Return the path relative to the working folder: what a run may tell of a machine's folders."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return path.name


def read_text(
    path: Path, shown: str, problems: Problems, named_at: Place | None = None, written: str | None = None
) -> TextFile:
    """Read one file.

    Args:
        path: the file.
        shown: what it is called in messages.
        problems: what is wrong is noted here.
        named_at: the place that names the file, for a file that cannot be opened; None: the command line.
        written: its name at that place, where it is another.

    Raises:
        Unreadable: it cannot be read; the problem is noted.
    """
    data = _read_bytes(path, shown, problems, named_at or Place(shown), written or shown)
    return TextFile(shown, path, _decode(data, shown, problems), hashlib.sha256(data).hexdigest())


def place_in(file: TextFile, offset: int) -> Place:
    """Return the line and column of a character."""
    return place_at(file.shown, file.text, offset)


def place_at(shown: str, text: str, offset: int) -> Place:
    """Return the line and column of a character of a text whose name in messages is `shown`."""
    return Place(shown, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def near_file(path: Path, name: str) -> str:
    """Return what to tell whoever names a file that is not there: the one that was meant, or where to look."""
    if os.sep == "/" and "\\" in name:
        return f"; folders are separated by `/` here: write {quote(name.replace(chr(92), '/'), 80)}"
    usual = Path(unicodedata.normalize("NFKC", str(path)))
    if usual != path and usual.exists():
        return f", did you mean {quote(usual.name, 80)}?; full-width signs are other signs in file names too"
    there = list(path.parent.iterdir()) if path.parent.is_dir() else []
    wanted = [file for file in there if not path.suffix or _is_yaml(file) == _is_yaml(path)]
    alike = [file.name for file in wanted if nearest(path.stem, [file.stem])]  # a suffix alone is no likeness
    return f"{did_you_mean(path.name, alike)}; check the name and the folder"


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def read_table_file(path: Path, shown: str, problems: Problems, named_at: Place, written: str) -> tuple[bytes, str]:
    """Return what a table's file holds, and its SHA-256; bounded as all files are, but larger.

    Raises:
        Unreadable: it cannot be read; the problem is noted.
    """
    data = _read_bytes(path, shown, problems, named_at, written, MAX_TABLE_BYTES)
    return data, hashlib.sha256(data).hexdigest()


def _read_bytes(
    path: Path, shown: str, problems: Problems, named_at: Place, written: str, most: int = MAX_BYTES
) -> bytes:
    name = "" if named_at.file == shown else f" `{shown}`"
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            problems.add(named_at, f"the file{name} is a folder; name a file")
            raise Unreadable
        if not stat.S_ISREG(status.st_mode):
            problems.add(named_at, f"the file{name} is no regular file; name a text file")
            raise Unreadable
        with path.open("rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        problems.add(named_at, f"there is no file{name}{near_file(path, written)}")
    except NotADirectoryError:
        problems.add(named_at, f"there is no file{name}: a part of its path is no folder")
    except PermissionError:
        problems.add(named_at, f"the file{name} may not be read; check its permissions")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
        problems.add(named_at, f"the file{name} cannot be read ({reason}); check the name")
    else:
        if len(data) <= most:
            return data
        problems.add(named_at, f"the file{name} is larger than {most >> 20} MB; split it into several files")
    raise Unreadable


def _decode(data: bytes, shown: str, problems: Problems) -> str:
    if data.startswith(_UTF16) or data[:2].count(0) == 1:
        problems.add(Place(shown, 1, 1), "the file is UTF-16; save it as UTF-8")
        raise Unreadable
    bom = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    try:
        text = data[bom:].decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start + bom
        line = data.count(b"\n", 0, start) + 1
        column = len(data[data.rfind(b"\n", 0, start) + 1 : start].decode("utf-8-sig")) + 1
        problems.add(
            Place(shown, line, column),
            f"byte 0x{data[start]:02x} at offset {start} is not UTF-8; save the file as UTF-8",
        )
        raise Unreadable from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (at := text.find("\0")) >= 0:
        problems.add(place_at(shown, text, at), "a NUL character; the file is not text, or was damaged")
        raise Unreadable
    return text
