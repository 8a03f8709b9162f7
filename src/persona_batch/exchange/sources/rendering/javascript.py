"""Values as JavaScript has them in a template: as text, as true or false, and what their members are."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from persona_batch.templating import LONGEST, TemplateFlaw

OBJECT = "[object Object]"


def as_text(value: object) -> str:
    """Return a value as text: what is not there is empty, of a mapping nobody sees what it holds."""
    if isinstance(value, str):
        return value
    if value is None or is_undefined(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, Mapping):
        return OBJECT
    if isinstance(value, list | tuple | range):
        return ",".join(as_text(item) for item in value)
    return str(value)


def is_undefined(value: object) -> bool:
    """Say whether a value is one that is not there."""
    from jinja2 import Undefined

    return isinstance(value, Undefined)


def is_true(value: object) -> bool:
    """Say whether a value counts as true: every list and mapping does."""
    return not is_undefined(value) and (isinstance(value, list | tuple | Mapping | range) or bool(value))


def as_json(value: Any, indent: int | None = None) -> str:
    """Return a value as `JSON.stringify` writes it."""
    if is_undefined(value):
        return ""
    indent = min(int(indent or 0), 10)
    separators = (",", ":") if not indent else (",", ": ")
    return json.dumps(_plain(value), ensure_ascii=False, separators=separators, indent=indent or None)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {as_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return None if is_undefined(value) else value


def from_json(text: object) -> Any:
    """Return what `JSON.parse` reads."""
    try:
        return json.loads(as_text(text))
    except (ValueError, RecursionError) as error:
        raise TemplateFlaw(f"`load` was given what is no JSON: {as_text(text)[:40]!r}") from error


def bounded(text: str) -> str:
    """Return a text that is not too long.

    Raises:
        TemplateFlaw: it is.
    """
    refuse_long(len(text))
    return text


def refuse_long(length: int) -> None:
    """Refuse a text before it is made.

    Raises:
        TemplateFlaw: it would be too long.
    """
    if length > LONGEST:
        raise TemplateFlaw(f"the template makes more than {LONGEST:,} characters")


def joined(items: Sequence[object], sign: object = ",") -> str:
    """Return items as one text.

    Raises:
        TemplateFlaw: it is too long.
    """
    texts, between = [as_text(item) for item in items], as_text(sign)
    refuse_long(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def replaced(text: str, old: str, new: str, most: int = -1) -> str:
    """Return a text with a part of it replaced.

    Raises:
        TemplateFlaw: it is too long.
    """
    count = text.count(old)
    refuse_long(len(text) + (count if most < 0 else min(count, most)) * len(new))
    return text.replace(old, new, most)


def member(value: object, name: object) -> Any:
    """Return a member of a text or list: an item, its length, or a method; NotImplemented: there is none."""
    if not isinstance(value, str | list | tuple | range):
        return NotImplemented
    if name == "length":
        return len(value)
    if isinstance(name, int) and not isinstance(name, bool):
        return value[name] if 0 <= name < len(value) else NotImplemented
    methods = _OF_TEXT if isinstance(value, str) else _OF_LISTS
    method = methods.get(name) if isinstance(name, str) else None
    return NotImplemented if method is None else lambda *given: method(value, *given)


def _part(value: Any, start: int = 0, end: int | None = None) -> Any:
    return value[start:end]


def _index(value: Any, part: object) -> int:
    if isinstance(value, str):
        return value.find(as_text(part))
    return value.index(part) if part in value else -1


_OF_BOTH: dict[str, Callable[..., Any]] = {
    "slice": _part,
    "indexOf": _index,
    "includes": lambda value, part: part in value,
    "toString": as_text,
}
_OF_TEXT: dict[str, Callable[..., Any]] = _OF_BOTH | {
    "toUpperCase": str.upper,
    "toLowerCase": str.lower,
    "trim": str.strip,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "split": lambda value, sign=None: [value] if sign is None else value.split(sign) if sign else list(value),
    "replace": lambda value, old, new: replaced(value, old, new, 1),
    "replaceAll": replaced,
}
_OF_LISTS: dict[str, Callable[..., Any]] = _OF_BOTH | {"join": joined}
