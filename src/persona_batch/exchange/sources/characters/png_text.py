"""Texts in a PNG or APNG: `tEXt`, `zTXt` and `iTXt` chunks, bounded whatever the file claims."""

import struct
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_TEXT = 32 * 1024 * 1024  # bytes of one text, also inflated
MAX_ALL = 64 * 1024 * 1024  # bytes of all texts, packed and unpacked
_MAX_CHUNKS = 200_000
_KEYWORD = 120  # bytes that a keyword may have; the standard says 79
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


@dataclass(slots=True)
class PngTexts:
    """The texts of a picture, in order, each with its keyword in small letters; `flaws` say what is broken.

    `others` are the keywords of texts that are not wanted, `lost` those of wanted ones that are broken or cut off.
    """

    texts: list[tuple[str, bytes]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)

    def named(self, keyword: str) -> list[bytes]:
        """Return the texts of a keyword."""
        return [text for name, text in self.texts if name == keyword]

    def flaw(self, sentence: str) -> None:
        """Note something broken, once."""
        if sentence not in self.flaws:
            self.flaws.append(sentence)


def png_texts(file: BinaryIO, size: int, wanted: Collection[str]) -> PngTexts:
    """Return texts of a picture; a broken one has those before the break, and those with a wrong checksum.

    Args:
        file: the picture, whose pixels are stepped over.
        size: how many bytes it has.
        wanted: the keywords, in small letters, whose texts are read; of the others the keyword is known alone.
    """
    found = PngTexts()
    at, count, left = len(SIGNATURE), 0, MAX_ALL
    while at < size:
        count += 1
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or count > _MAX_CHUNKS:
            found.flaw("the picture is cut off" if count <= _MAX_CHUNKS else f"more than {_MAX_CHUNKS:,} chunks")
            break
        length, kind = struct.unpack(">I4s", head)
        if at + 12 + length > size:
            found.flaw("the picture is cut off: a chunk is longer than the file")
            if kind in _TEXTS:
                _lose(file.read(_KEYWORD + 1), wanted, found)
            break
        if kind == b"IEND":
            break
        if kind in _TEXTS:
            left -= _take(file, length, kind, wanted, found)
            if left < 0:
                found.flaw(f"the texts of the picture are larger than {MAX_ALL >> 20} MB")
                break
        at += 12 + length
    return found


def _take(file: BinaryIO, length: int, kind: bytes, wanted: Collection[str], found: PngTexts) -> int:
    """Read a text chunk, if it is wanted; return how many bytes it takes, packed and unpacked."""
    start = file.read(min(length, _KEYWORD + 1))
    keyword, mark, _ = start.partition(b"\0")
    name = keyword.decode("latin-1")
    if not mark:
        found.flaw("a text of the picture has no keyword")
        return 0
    if name.lower() not in wanted:
        found.others.append(name)
        return 0
    if length > MAX_ALL:
        found.lost.append(name.lower())
        return length
    body = start + file.read(length - len(start))
    if zlib.crc32(kind + body).to_bytes(4, "big") != file.read(4):
        found.flaw("a text of the picture has a wrong checksum; it is read all the same")
    text = _text(kind, body[len(keyword) + 1 :], found)
    if text is None:
        found.flaw("a text of the picture is broken")
        found.lost.append(name.lower())
        return length
    if len(text) > MAX_TEXT:
        found.flaw(f"a text of the picture is larger than {MAX_TEXT >> 20} MB")
        found.lost.append(name.lower())
    else:
        found.texts.append((name.lower(), text))
    return length + len(text)


def _lose(start: bytes, wanted: Collection[str], found: PngTexts) -> None:
    """Note the keyword of a text that the file ends in, as far as it stands there."""
    keyword, mark, _ = start.partition(b"\0")
    name = keyword.decode("latin-1").lower()
    if mark and name in wanted:
        found.lost.append(name)


def _text(kind: bytes, rest: bytes, found: PngTexts) -> bytes | None:
    """Return what stands behind a keyword, as it was before it was packed; None: it is broken."""
    if kind == b"zTXt":
        return _inflated(rest[1:], found) if rest[:1] == b"\0" else None
    if kind == b"tEXt":
        return rest
    parts = rest[2:].split(b"\0", 2)  # language, the keyword translated, text
    if len(parts) < 3:
        return None
    if rest[:1] != b"\x01":
        return parts[2]
    return _inflated(parts[2], found) if rest[1:2] == b"\0" else None


def _inflated(packed: bytes, found: PngTexts) -> bytes | None:
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(packed, MAX_TEXT + 1)
    except zlib.error:
        return None
    if len(text) <= MAX_TEXT and not inflater.eof:
        found.flaw("a packed text of the picture is cut off")
    return text
