"""`.charx`: a zip with a card and its pictures. Only the card is read, and nothing is written anywhere."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from persona_batch.exchange.reading.source import MAX_BYTES, Source

CARD = "card.json"
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_TAIL = 65_557  # bytes that may hold the end of a zip: its record and the longest comment
_MAX_DIRECTORY = 4 * 1024 * 1024  # bytes of a zip's list of files, some 40,000 of them


class Packed(NamedTuple):
    """The card of an archive as bytes, and the names of the other files in it."""

    card: bytes
    others: list[str]


def read_charx(source: Source) -> Packed:
    """Return what a `.charx` holds.

    Raises:
        UsageError: it is no zip, broken, encrypted, or without a card; the card or the list of files is too large.
    """
    _refuse_large_directory(source)
    try:
        with zipfile.ZipFile(source.path) as archive:
            names = archive.namelist()
            if CARD not in names:
                raise source.wrong(f"no `{CARD}` at the top of the archive; it is no character")
            return Packed(_card(archive, source), [name for name in names if name != CARD and name[-1:] != "/"])
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError) as error:
        raise source.wrong(f"a broken archive ({error}); export it again") from error
    except (NotImplementedError, RuntimeError, OSError, ValueError, OverflowError) as error:
        raise source.wrong(f"an archive that cannot be read ({error}); export it again") from error


def has_card(source: Source) -> bool:
    """Say whether a zip holds a card, by its list of files."""
    try:
        _refuse_large_directory(source)
        with zipfile.ZipFile(source.path) as archive:
            return CARD in archive.namelist()
    except Exception:  # noqa: BLE001  # whatever is wrong with it: then it is nothing that is known
        return False


def _card(archive: zipfile.ZipFile, source: Source) -> bytes:
    info = archive.getinfo(CARD)
    if info.flag_bits & 1:
        raise source.wrong(f"`{CARD}` is encrypted; export it without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise source.wrong(f"`{CARD}` is packed in an unusual way; pack it as a plain zip")
    if info.file_size > MAX_BYTES:
        raise source.wrong(f"`{CARD}` is larger than {MAX_BYTES >> 20} MB")
    with archive.open(info) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise source.wrong(f"`{CARD}` is larger than {MAX_BYTES >> 20} MB")
    return data


def _refuse_large_directory(source: Source) -> None:
    """Refuse archives whose list of files, which zipfile reads as a whole, would fill the memory."""
    tail = _tail(source.path, source)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise source.wrong("no zip archive, or one that is cut off; export it again")
    count, size = struct.unpack_from("<HI", tail, at + 10)
    if size > _MAX_DIRECTORY or count == 0xFFFF or tail[max(0, at - 20) :].startswith(_END_64):
        raise source.wrong("an archive of too many files; pack it with fewer")


def _tail(path: Path, source: Source) -> bytes:
    try:
        if not path.is_file():
            raise source.wrong("no regular file; name a file")
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            return file.read(_TAIL)
    except OSError as error:
        raise source.wrong(f"cannot be read ({error.strerror})") from error
