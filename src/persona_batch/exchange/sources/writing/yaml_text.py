"""Plain values → YAML that our own reader reads back to the byte, and that people like to edit.

Text of several lines stands under `|` wherever that is exact, one line without quotes where it can be nothing but text,
and all else in double quotes, with escapes for what YAML would change (CR, NEL, line separators, control characters).
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from persona_batch.chat import JsonValue
from persona_batch.config.nodes import Surprise, read_scalar
from persona_batch.config.problems import Place

_ESCAPED = re.compile("[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_BLOCK = re.compile("[^\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_SIGNS = frozenset(" _-.,!?'()/")  # of plain text besides letters and digits
_LONG = 1_000_000  # characters; a text that is longer stands in quotes where a block would be half as long again
_WHOLE = range(-(2**63), 2**64)
_NOWHERE = Place("")


def yaml_text(values: Mapping[str, JsonValue]) -> str:
    """Return a mapping as a YAML file; numbers that YAML cannot carry become text."""
    return "".join(yaml_parts(values))


def yaml_parts(values: Mapping[str, JsonValue]) -> Iterator[str]:
    """Yield the same in parts, of which a text of several lines is one."""
    return (f"{line}\n" for line in _mapping(values, 0))


def _mapping(values: Mapping[str, JsonValue], column: int) -> Iterator[str]:
    pad = " " * column
    for key, value in values.items():
        head, *rest = _value(value, column)
        yield f"{pad}{_key(key)}:{head}"
        yield from rest


def _sequence(items: Sequence[JsonValue], column: int) -> Iterator[str]:
    pad = " " * column
    for item in items:
        if isinstance(item, Mapping) and item:
            first, *rest = _mapping(item, column + 2)
            yield f"{pad}- {first[column + 2 :]}"
            yield from rest
            continue
        head, *rest = _value(item, column)
        yield f"{pad}-{head}"
        yield from rest


def _value(value: JsonValue, column: int) -> Iterator[str]:
    """Yield what follows `key:` or `-` on the same line, then the lines below; `column` is that of the key or dash."""
    if isinstance(value, Mapping) and value:
        yield ""
        yield from _mapping(value, column + 2)
    elif isinstance(value, list | tuple) and value:
        yield ""
        yield from _sequence(value, column + 2)
    elif isinstance(value, str):
        yield from _text(value, column)
    else:
        yield f" {_atom(value)}"


def _atom(value: JsonValue) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value) if value in _WHOLE else f'"{value}"'
    if isinstance(value, float):
        if not math.isfinite(value):
            return f'"{value}"'
        mantissa, exponent, power = repr(value).partition("e")
        return f"{mantissa}{'' if '.' in mantissa or not exponent else '.0'}{exponent}{power}"
    return "{}" if isinstance(value, Mapping) else "[]"


def _text(text: str, column: int) -> Iterator[str]:
    many_short_lines = len(text) > _LONG and text.count("\n") * (column + 1) > len(text) // 2
    if "\n" not in text or many_short_lines or not _fits_block(text):
        yield f" {text if _is_plain(text) else _quoted(text)}"
        return
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    chomping = "-" if not ends else "" if ends == 1 else "+"
    yield f" |{'2' if text[0].isspace() else ''}{chomping}"
    pad = " " * (column + 2)
    indented = body.replace("\n", f"\n{pad}")  # in one piece: a list of a million lines takes ten times as much
    while (empty := f"\n{pad}\n") in indented:
        indented = indented.replace(empty, "\n\n")
    yield (pad if body[0] != "\n" else "") + indented + "\n" * (ends - 1)


def _fits_block(text: str) -> bool:
    """Say whether a text of several lines arrives as it is under `|`."""
    last = text.rstrip("\n").rsplit("\n", 1)[-1]
    return bool(last.strip()) and _NOT_IN_BLOCK.search(text) is None


def _is_plain(text: str) -> bool:
    """Say whether a text can stand without quotes, and is then taken for nothing but this text."""
    if not text or not text[0].isalnum() or text[-1] == " ":
        return False
    if not all(char in _SIGNS or unicodedata.category(char)[0] in "LMN" for char in text):
        return False
    if not text.isascii() and unicodedata.normalize("NFKC", text) != text:  # full-width signs
        return False
    try:
        return read_scalar(text, _NOWHERE, plain=True).kind == "text"
    except Surprise:
        return False


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) and _is_plain(key) else _quoted(key)


def _quoted(text: str) -> str:
    return _ESCAPED.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
