"""Bytes that nearly are a file: what is real, changed at random, within its container and its structure too.

`mutated` takes a file apart as far as it knows its format (a PNG's text chunk, a member of a zip, a JSON or YAML
document), changes something there, and puts it together again; or else changes its bytes.
"""

import base64
import binascii
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import yaml

MOST = 1_000_000  # bytes of a mutated file
_PNG = b"\x89PNG\r\n\x1a\n"

TOKENS = [
    *(b"\0", b"\t", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80"),
    *(b"'", b'"', b'""', b"\\", b",", b";", b"|", b"#", b"---\n", b"...\n", b"<!--", b"```\n", b"@@depth 4\n"),
    *(b"- ", b": ", b"? ", b"&a ", b"*a", b"<<: ", b"!!binary ", b"!!python/object/apply:os.system ", b"|\n", b">-\n"),
    *(b"{", b"}", b"[", b"]", b"{{", b"}}", b"{%", b"%}", b"{{ 9**9**9 }}", b"{{user}}", b"${HOME}", b"file:///"),
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"-1", b"0x7f", b"\\ud800", b"2026-11-27"),
    *(b"../", b"/etc/passwd", b"\\u0000", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"system", b"personas", b"questions"),
    *(b"data: ", b"event: error\n", b"[DONE]", b"\n\n", b": ", b"retry: 1\n", b"id: \0\n"),
]  # fmt: skip
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1e308, 10**30, "", " ", "x", "\0", "\n", "你好", "😀", "{{x}}", "..", "a/b", "=1+1"),
    *([], {}, [[]], [None], [{}], {"": ""}, {"id": 1}, [1, "a", None], {"a": {"a": {"a": []}}}, ["x"] * 50, "y" * 9999),
]  # fmt: skip


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Return the bytes of a file with one to five changes; `others` are files that a part may come from."""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 5])):
        changed = _inside(data, others, rng) if rng.random() < 0.6 else None
        data = (_bytes(data, others, rng) if changed is None else changed)[:MOST]
    return data


def _inside(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes | None:
    """Change what a container or a document holds; None where the bytes are neither."""
    if data.startswith(_PNG):
        return _png(data, others, rng)
    if data.startswith(b"PK"):
        return _zip(data, others, rng)
    return _document(data, rng)


def _png(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Change the text of a PNG's chunks (base64 within), their order, lengths, names and sums."""
    chunks, at = [], len(_PNG)
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        chunks.append((name, data[at + 8 : at + 8 + length]))
        at += 12 + length
    if not chunks:
        return _bytes(data, others, rng)
    place = rng.choice([n for n, (name, _) in enumerate(chunks) if name in (b"tEXt", b"iTXt", b"zTXt")] or [0])
    name, body = chunks[place]
    key, _, text = body.partition(b"\0")
    try:
        inner = base64.b64decode(text, validate=True)
    except binascii.Error:
        inner = text
    match rng.randrange(7):
        case 0:
            chunks[place] = (name, _bytes(body, others, rng))
        case 1:
            chunks[place] = (rng.choice([b"zTXt", b"iTXt", b"tEXt", b"IDAT"]), body)
        case 2:
            chunks.append((b"zTXt", key + b"\0\0" + zlib.compress(rng.choice([inner, b"A" * MOST]))))
        case 3:
            chunks.insert(place, (name, rng.choice([b"ccv3", b"chara", key, b""]) + b"\0" + text))
        case 4:
            rng.shuffle(chunks)
        case _:
            within = mutated(inner, others, rng)
            chunks[place] = (name, key + b"\0" + base64.b64encode(within))
    made = [_PNG]
    for name, body in chunks:
        size = rng.choice([len(body)] * 30 + [0, 2**31 - 1, 2**32 - 1, len(body) + 1])
        total = zlib.crc32(name + body) if rng.random() < 0.9 else 0
        made.append(struct.pack(">I", size) + name + body + struct.pack(">I", total))
    return b"".join(made)


def _zip(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Change the members of a zip, their names and how they are packed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = [(info.filename, packed.read(info)) for info in packed.infolist()[:50] if info.file_size < MOST]
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zlib.error):
        return _bytes(data, others, rng)
    if members:
        place = rng.randrange(len(members))
        name, body = members[place]
        match rng.randrange(6):
            case 0:
                members[place] = (
                    rng.choice(["../../x", "/abs", "card.json", name.upper(), "a" * 300, "a\0b", "\\x"]),
                    body,
                )
            case 1:
                members[place] = (name, b"[" * MOST)
            case 2:
                members.append((name, body))
            case 3:
                members += [(f"assets/{number}", b"") for number in range(rng.choice([3, 300]))]
            case _:
                members[place] = (name, mutated(body, others, rng))
    made = io.BytesIO()
    members = [(name, body) for place, (name, body) in enumerate(members) if name not in dict(members[:place])]
    with zipfile.ZipFile(made, "w", rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as packed:
        for name, body in members:
            packed.writestr(zipfile.ZipInfo(name), body)
    return made.getvalue()


def _document(data: bytes, rng: random.Random) -> bytes | None:
    """Change a value, a key or an entry of a JSON document, of a line of JSON Lines, or of a YAML document."""
    if len(data) > 200_000:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    lines = text.splitlines(keepends=True)
    places = [None, *([rng.randrange(len(lines))] if len(lines) > 1 else [])]
    for place in places:
        try:
            document = json.loads(text if place is None else lines[place])
        except (ValueError, RecursionError):
            continue
        changed = json.dumps(_changed(document, rng), ensure_ascii=rng.random() < 0.5)
        if place is not None:
            changed = "".join([*lines[:place], changed + "\n", *lines[place + 1 :]])
        return changed.encode("utf-8", "surrogatepass")
    if text[:1] in '[{<|"':  # broken JSON, a table
        return None
    try:
        document = yaml.load(text, yaml.CSafeLoader)
        changed = yaml.dump(_changed(document, rng), Dumper=yaml.CSafeDumper, allow_unicode=True)
    except (ValueError, RecursionError, TypeError, OverflowError, yaml.YAMLError):
        return None
    return changed.encode("utf-8", "surrogatepass") if isinstance(document, dict | list) else None


def _changed(document: Any, rng: random.Random) -> Any:
    """Change one place of a document of plain values, and return it."""
    places = list(_places(document))
    if not places:
        return rng.choice(VALUES)
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1:
            _, other = rng.choice(places)
            if isinstance(holder, dict):
                holder[str(other)] = holder.pop(key)
            else:
                holder.append(holder[key])
        case 2:
            other_holder, other = rng.choice(places)
            holder[key] = json.loads(json.dumps(other_holder[other], default=str))
        case 3:
            for _ in range(rng.choice([1, 10, 200])):
                holder[key] = [holder[key]] if rng.random() < 0.5 else {"id": holder[key]}
        case _:
            holder[key] = rng.choice(VALUES)
    return document


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return every holder and key of a document, itself walked without recursion."""
    found: list[tuple[Any, Any]] = []
    left = [document] if isinstance(document, dict | list) else []
    while left and len(found) < 5_000:
        holder = left.pop()
        entries = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in entries:
            found.append((holder, key))
            if isinstance(value, dict | list):
                left.append(value)
    return found


def _bytes(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Change bytes, whatever they are."""
    start = rng.randrange(len(data) + 1)
    end = min(len(data), start + rng.choice([1, 1, 2, 8, 64, 1000]))
    part = data[start:end]
    match rng.randrange(9):
        case 0:
            return data[:start]
        case 1:
            part = b""
        case 2:
            part = part * rng.choice([2, 2, 3, 100, 2000])
        case 3:
            part = bytes(letter ^ (1 << rng.randrange(8)) for letter in part)
        case 4:
            other = rng.choice(others) if others else b""
            begin = rng.randrange(len(other) + 1)
            part = other[begin : begin + rng.choice([10, 100, 5000])]
        case 5:
            part = rng.choice([b"[", b"{", b"(", b'{"a":', b"- ", b"> ", b"{{", b"&a [", b"\n "]) * rng.choice(
                [3, 300, 30_000]
            )
        case 6:
            part = rng.randbytes(len(part))
        case _:
            part = rng.choice(TOKENS) + part
    return data[:start] + part + data[end:]
