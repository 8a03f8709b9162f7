r"""Reading a text file: bounded, UTF-8 with or without BOM on any locale, line ends as `\n`."""

import hashlib
import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from persona_batch.config.problems import Place, Problems, Unreadable, did_you_mean, quote
from persona_batch.wording import nearest

MAX_BYTES = 16 * 1024 * 1024

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


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
    return path.suffix.lower() in {".yaml", ".yml"}


def _read_bytes(path: Path, shown: str, problems: Problems, named_at: Place, written: str) -> bytes:
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
            data = file.read(MAX_BYTES + 1)
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
        if len(data) <= MAX_BYTES:
            return data
        problems.add(named_at, f"the file{name} is larger than {MAX_BYTES >> 20} MB; split it into several files")
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
