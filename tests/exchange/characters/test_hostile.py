"""Broken, hostile and oversized characters: one clear error or a note, bounded memory and time, never a traceback."""

import contextlib
import json
import struct
import tempfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.characters.arriving import found_in, source_of
from exchange.characters.cards import V1, archive, card, chunk, packed, png, text
from exchange.characters.test_agents import AGENT, LOBE, MASKS, PYGMALION, WEBUI
from exchange.characters.test_cards import BOOK
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.found import Found, ImportOptions
from persona_batch.exchange.sources.recognising import Reading, format_named
from persona_batch.exchange.sources.writing.writing import write


def bomb(size: int) -> bytes:
    """Return zlib data that grows to `size` MB."""
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(size)), packer.flush()])


def encrypted() -> bytes:
    data = bytearray(archive({"card.json": b"{}"}, zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def claiming(size: int) -> bytes:
    """Return an archive whose list says that the card has `size` bytes."""
    data = bytearray(archive({"card.json": b"{}"}))
    struct.pack_into("<I", data, data.index(b"PK\1\2") + 24, size)
    return bytes(data)


def long_list(count: int) -> bytes:
    return archive(
        {f"{number:06}{'x' * 150}": b"" for number in range(count)} | {"card.json": b"{}"}, zipfile.ZIP_STORED
    )


def zip64() -> bytes:
    data = archive({"card.json": b"{}"})
    at = data.index(b"PK\5\6")
    return data[:at] + b"PK\6\7" + struct.pack("<IQI", 0, 2**40, 1) + data[at:]


DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000
HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "length beyond the file": ("a.png", lambda: png()[:8] + struct.pack(">I", 2**31) + b"tEXtchara\0", "cut off"),
    "cut within the card": ("a.png", lambda: png(text("chara", card()))[:200], "cut off"),
    "signature alone": ("a.png", lambda: b"\x89PNG\r\n\x1a\n\0", "cut off"),
    "no base64": ("a.png", lambda: png(chunk(b"tEXt", b"chara\0***")), "no base64"),
    "no UTF-8": ("a.png", lambda: png(chunk(b"tEXt", b"chara\0" + b"//79/A==")), "not UTF-8"),
    "no JSON": ("a.png", lambda: png(chunk(b"tEXt", b"chara\0" + packed(1)[:1] + b"AAA=")), "no"),
    "no mapping": ("a.png", lambda: png(text("ccv3", [1])), "no mapping"),
    "zTXt that explodes": ("a.png", lambda: png(chunk(b"zTXt", b"chara\0\0" + bomb(64))), "larger than 32 MB"),
    "many zTXt that explode": (
        "a.png",
        lambda: png(*[chunk(b"zTXt", b"chara\0\0" + bomb(24))] * 8),
        "no base64",
    ),
    "zTXt that is none": ("a.png", lambda: png(chunk(b"zTXt", b"chara\0\0xxxx")), "broken"),
    "iTXt that is none": ("a.png", lambda: png(chunk(b"iTXt", b"chara\0\1")), "broken"),
    "text without a keyword": ("a.png", lambda: png(chunk(b"tEXt", b"chara")), "no keyword"),
    "deep JSON in a picture": ("a.png", lambda: png(chunk(b"tEXt", b"chara\0" + DEEP.encode())), "nested too deeply"),
    "no zip": ("a.charx", lambda: b"PK\3\4 and no more", "no zip archive"),
    "cut zip": ("a.charx", lambda: archive({"card.json": json.dumps(card()).encode()})[:-30], "no zip archive"),
    "empty": ("a.charx", lambda: b"", "it is empty"),
    "no card": ("a.charx", lambda: archive({"other.json": b"{}"}), "no `card.json`"),
    "card within a folder": ("a.charx", lambda: archive({"../card.json": b"{}"}), "no `card.json`"),
    "card that explodes": ("a.charx", lambda: archive({"card.json": bytes(80 << 20)}), "larger than 64 MB"),
    "card that lies about its size": ("a.charx", lambda: claiming(2**31), "larger than 64 MB"),
    "card smaller than it says": ("a.charx", lambda: claiming(9), "no character card"),
    "encrypted": ("a.charx", encrypted, "encrypted"),
    "unusual packing": ("a.charx", lambda: archive({"card.json": b"{}"}, zipfile.ZIP_LZMA), "unusual"),
    "many files": ("a.charx", lambda: long_list(21_000), "too many files"),
    "zip64": ("a.charx", zip64, "too many files"),
    "deep card": ("a.charx", lambda: archive({"card.json": DEEP.encode()}), "nested too deeply"),
    "a zip in it": ("a.charx", lambda: archive({"card.json": archive({"card.json": b"{}"})}), "not"),
    "data is no mapping": ("a.json", lambda: b'{"spec": "chara_card_v2", "data": 5}', "`data`"),
    "nothing to send": ("a.json", lambda: json.dumps(card(2, **dict.fromkeys(V1, ""))).encode(), "without a text"),
    "a lorebook alone": ("a.json", lambda: json.dumps({"spec": "lorebook_v3", "data": BOOK}).encode(), "lorebook"),
    "a world file": ("a.json", lambda: b'{"entries": {"0": {"key": ["x"], "content": "y"}}}', "lorebook"),
    "a role that is no text": ("a.json", lambda: b'{"config": {"systemRole": 5}, "meta": {}}', "no text"),
    "a character that says nothing": ("a.yaml", lambda: b"name: x\ncontext: ''\n", "without a text"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_broken_is_one_clear_error(tmp_path: Path, name: str) -> None:
    file, make, word = HOSTILE[name]
    path = source_of(tmp_path, file, make())
    begun = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(UsageError) as error:
            found_in(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert word in str(error.value)
    assert str(error.value).count("\n") == 0
    assert peak < 200 << 20
    assert time.monotonic() - begun < 5


DOCUMENTS: list[Any] = [card(2, character_book=BOOK, extensions={"a": {"b": [1]}}), card(3), V1, PYGMALION, LOBE, MASKS]
ODD: tuple[Any, ...] = (None, True, 0, -1.5, "", "x", [], ["x", 5, None], {}, {"a": {"b": 1}})


def places(document: Any) -> list[tuple[Any, Any]]:
    """Return every place of a document: the holder and the key or index."""
    found: list[tuple[Any, Any]] = []
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        found.append((document, key))
        if isinstance(value, dict | list):
            found += places(value)
    return found


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_value_of_any_type_in_any_place_is_an_error_or_a_note(tmp_path: Path, number: int) -> None:
    document = DOCUMENTS[number]
    for holder, key in places(document):
        kept = holder[key]
        for odd in ODD:
            holder[key] = odd
            found = read(tmp_path, "a.json", json.dumps(document).encode())
            if (
                found is not None
                and key in V1
                and key != "name"
                and holder.get("first_mes")
                and odd
                and not isinstance(odd, str)
            ):
                assert any(f"`{key}` is" in note for note in found.notes), (key, odd)
        holder[key] = kept


def read(folder: Path, name: str, data: bytes) -> Found | None:
    """Read a source; None: it is not recognised, or a UsageError says what is wrong."""
    with contextlib.suppress(UsageError):
        (found,) = found_in(source_of(folder, name, data))
        list(found.personas)
        return found
    return None


def taken(folder: Path, name: str, data: bytes) -> None:
    """Import a source, written too, or be told by a UsageError what is wrong."""
    path = source_of(folder, name, data)
    with tempfile.TemporaryDirectory() as made, contextlib.suppress(UsageError):
        reading = Reading(ImportOptions())
        write(lambda: reading.all([str(path)]), Path(made))


SEEDS: dict[str, bytes] = {
    "a.png": png(text("chara", card()), chunk(b"zTXt", b"ccv3\0\0" + zlib.compress(packed(card(3, tags=["x"]))))),
    "a.charx": archive({"card.json": json.dumps(card(3)).encode(), "assets/x.png": b"x"}),
    "b.charx": archive({"card.json": json.dumps(card(3)).encode()}, zipfile.ZIP_STORED),
    "a.md": AGENT.encode(),
    "a.yaml": WEBUI.encode(),
}  # fmt: skip
NAMES = {"a.png": "card-png", "a.charx": "charx", "b.charx": "charx", "a.md": "agent-md", "a.yaml": "webui"}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_no_bytes_do_more_than_an_error(name: str, data: st.DataObject) -> None:
    spoilt = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(spoilt) - 1)))
        new = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
        )
        spoilt[at : at + data.draw(st.integers(0, 8))] = new
    with tempfile.TemporaryDirectory() as folder:
        path = source_of(Path(folder), name, bytes(spoilt))
        for forced in (None, format_named(NAMES[name])):
            with contextlib.suppress(UsageError):
                for _, found in Reading(ImportOptions(), forced).all([str(path)]):
                    list(found.personas)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(range(len(DOCUMENTS))), st.data())
def test_no_value_anywhere_does_more_than_an_error_or_a_note(number: int, data: st.DataObject) -> None:
    document = json.loads(json.dumps(DOCUMENTS[number]))
    for _ in range(data.draw(st.integers(1, 3))):
        if not (known := places(document)):
            break
        holder, key = known[data.draw(st.integers(0, len(known) - 1))]
        if data.draw(st.booleans()) or isinstance(holder, list):
            holder[key] = data.draw(VALUES)
        else:
            holder[data.draw(st.text(max_size=5))] = holder.pop(key)
    with tempfile.TemporaryDirectory() as folder:
        taken(Path(folder), "a.json", json.dumps(document).encode())
