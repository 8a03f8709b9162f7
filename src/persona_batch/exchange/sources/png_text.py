"""Texts in a PNG or APNG: `tEXt`, `zTXt` and `iTXt` chunks, bounded whatever the file claims."""

import struct
import zlib
from dataclasses import dataclass, field

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_TEXT = 32 * 1024 * 1024  # bytes of one text, also inflated
_MAX_CHUNKS = 200_000
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


@dataclass(slots=True)
class PngTexts:
    """The texts of a picture, in order, each with its keyword; `flaws` are sentences about what is broken."""

    texts: list[tuple[str, bytes]] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)

    def named(self, keyword: str) -> list[bytes]:
        """Return the texts of a keyword, in either case."""
        return [text for name, text in self.texts if name.lower() == keyword]

    def flaw(self, sentence: str) -> None:
        """Note something broken, once."""
        if sentence not in self.flaws:
            self.flaws.append(sentence)


def png_texts(data: bytes) -> PngTexts:
    """Return the texts of a picture; a broken one has those before the break, and those with a wrong checksum."""
    found = PngTexts()
    at, count = len(SIGNATURE), 0
    while at < len(data):
        count += 1
        if len(data) - at < 12 or count > _MAX_CHUNKS:
            found.flaw("the picture is cut off" if count <= _MAX_CHUNKS else f"more than {_MAX_CHUNKS:,} chunks")
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            found.flaw("the picture is cut off: a chunk is longer than the file")
            break
        if kind == b"IEND":
            break
        if kind in _TEXTS:
            body = data[at + 8 : end - 4]
            if zlib.crc32(kind + body) != struct.unpack_from(">I", data, end - 4)[0]:
                found.flaw("a text of the picture has a wrong checksum; it is read all the same")
            _read(kind, body, found)
        at = end
    return found


def _read(kind: bytes, body: bytes, found: PngTexts) -> None:
    keyword, mark, rest = body.partition(b"\0")
    if not mark:
        found.flaw("a text of the picture has no keyword")
        return
    text: bytes | None = rest
    if kind == b"zTXt":
        text = _inflated(rest[1:], found) if rest[:1] == b"\0" else None
    elif kind == b"iTXt":
        parts = rest[2:].split(b"\0", 2)  # language, the keyword translated, text
        text = parts[2] if len(parts) == 3 and len(rest) >= 2 else None
        if text is not None and rest[:1] == b"\x01":
            text = _inflated(text, found) if rest[1:2] == b"\0" else None
    if text is None:
        found.flaw("a text of the picture is broken")
    elif len(text) > MAX_TEXT:
        found.flaw(f"a text of the picture is larger than {MAX_TEXT >> 20} MB")
    else:
        found.texts.append((keyword[:79].decode("latin-1"), text))


def _inflated(packed: bytes, found: PngTexts) -> bytes | None:
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(packed, MAX_TEXT + 1)
    except zlib.error:
        return None
    if len(text) <= MAX_TEXT and not inflater.eof:
        found.flaw("a packed text of the picture is cut off")
    return text
