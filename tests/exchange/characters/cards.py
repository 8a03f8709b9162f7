"""Character cards in their containers, made by struct, zlib and zipfile, and nothing of ours."""

import base64
import io
import json
import struct
import zipfile
import zlib
from typing import Any

V1 = {
    "name": "Haruhi",
    "description": "{{char}} leads the SOS Brigade.\r\n<BOT> knows {{USER}}.",
    "personality": "bossy, curious",
    "scenario": "{{user}} meets <bot> in a club room.",
    "first_mes": "I have no interest in ordinary humans, {{user}}!",
    "mes_example": "<START>\n{{user}}: hi\n{{char}}: hello\n  and welcome\n<START>\n{{user}}: Who?\nHaruhi: Me!",
}


def card(version: int = 2, **fields: Any) -> dict[str, Any]:
    """Return a card of V2 or V3 with these fields beside those of V1."""
    spec = {2: ("chara_card_v2", "2.0"), 3: ("chara_card_v3", "3.0")}[version]
    return {"spec": spec[0], "spec_version": spec[1], "data": {**V1, **fields}}


def packed(document: Any) -> bytes:
    """Return a document as the text of a picture: UTF-8 in base64."""
    return base64.b64encode(json.dumps(document, ensure_ascii=False).encode())


def chunk(kind: bytes, body: bytes, *, crc: int | None = None) -> bytes:
    """Return a chunk of a PNG, with a right checksum unless another is given."""
    return (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) if crc is None else crc)
    )


def text(keyword: str, document: Any) -> bytes:
    """Return a `tEXt` chunk with a card."""
    return chunk(b"tEXt", keyword.encode() + b"\0" + packed(document))


def png(*chunks: bytes) -> bytes:
    """Return a picture of one pixel with these chunks in it."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixel + b"".join(chunks) + chunk(b"IEND", b"")


def archive(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return made.getvalue()
