"""Files of results, read bounded: a document as a whole up to a size, lines one by one up to a length."""

import hashlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from persona_batch.config.files import recorded_name
from persona_batch.errors import UsageError
from persona_batch.wording import counted

MAX_DOCUMENT = 256 << 20  # bytes of one JSON document
MAX_LINE = 32 << 20  # bytes of one line, or of one entry of an archive
HEAD = 64 << 10
_MARK = b"\xef\xbb\xbf"

T = TypeVar("T")

_CONSTANT = re.compile(rb"NaN|Infinity")
_STRING_OR_CONSTANT = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?(?:NaN|Infinity)\b', re.DOTALL)


def head_of(path: Path) -> bytes:
    """Return the first 64 KB of a file, without a byte order mark.

    Raises:
        UsageError: it cannot be read, is no regular file, or is UTF-16.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{shown(path)}: no regular file; name a file of results, or a folder of them")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read ({error.strerror})") from error
    if not head:
        raise UsageError(f"{shown(path)}: the file is empty")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{shown(path)}: UTF-16; save it as UTF-8")
    return head.removeprefix(_MARK)


def document(path: Path, remedy: str) -> bytes:
    """Return a whole file.

    Raises:
        UsageError: it cannot be read, or is larger than 256 MB; `remedy` says what to do then.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read ({error.strerror})") from error
    if len(data) > MAX_DOCUMENT:
        raise UsageError(f"{shown(path)}: larger than {MAX_DOCUMENT >> 20} MB, which is read as a whole; {remedy}")
    return data.removeprefix(_MARK)


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file that are not empty, with their numbers from 1.

    Raises:
        UsageError: it cannot be read, or a line is longer than 32 MB.
    """
    try:
        with path.open("rb", buffering=1 << 20) as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise UsageError(
                        f"{shown(path)}:{number}: a line of more than {MAX_LINE >> 20} MB, which no reply is"
                    )
                if number == 1:
                    line = line.removeprefix(_MARK)
                if not line.isspace():
                    yield number, line
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read ({error.strerror})") from error


def decoded(data: bytes | msgspec.Raw, kind: type[T], place: str, *, what: str = "") -> T:
    """Return a JSON text as a value of a kind.

    Raises:
        UsageError: it is no JSON, is nested too deeply, or is of another kind.
    """
    try:
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if not _CONSTANT.search(data):
                raise
            return msgspec.json.decode(_STRING_OR_CONSTANT.sub(_as_json, bytes(data)), type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{place}: not as {what or 'expected'}: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{place}: nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        reason = "truncated in the middle" if "truncated" in str(error) else str(error)
        raise UsageError(f"{place}: not JSON: {reason}") from error


def _as_json(match: "re.Match[bytes]") -> bytes:
    """Return a string as it stands, and null for what Python writes of numbers that JSON has not."""
    found = match[0]
    return found if found.startswith(b'"') else b"null"


def shown(path: Path) -> str:
    """Return a file's name for messages, relative where it lies below the working folder."""
    name = recorded_name(path)
    return str(path) if name.startswith("..") else name


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file (hex).

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read ({error.strerror})") from error


def files_below(folder: Path, pattern: str, most: int = 10_000) -> list[Path]:
    """Return the files below a folder that fit a pattern, sorted; links are not followed.

    Raises:
        UsageError: they are too many.
    """
    found = []
    for path in sorted(folder.glob(pattern)):
        if path.is_file() and not path.is_symlink():
            found.append(path)
        if len(found) > most:
            raise UsageError(f"{shown(folder)}: more than {counted(most, 'file')}; name a smaller folder")
    return found
