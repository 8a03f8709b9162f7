"""The filters of nunjucks, which have the names of Jinja's and do not always the same; and promptfoo's `load`."""

import html
import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from persona_batch.exchange.sources.rendering.javascript import (
    as_json,
    as_text,
    bounded,
    from_json,
    is_true,
    is_undefined,
    joined,
    refuse_long,
    replaced,
)
from persona_batch.templating import TemplateFlaw


def _said(value: object) -> str:
    return "" if value is False else as_text(value)


def _items(value: Any) -> list[Any]:
    """Return what a filter goes through."""
    if isinstance(value, str | list | tuple | range):
        return list(value)
    raise TemplateFlaw(f"a filter wants a list, not {as_text(value)[:40]!r}")


def _default(value: Any, other: Any = "", falsy: Any = False) -> Any:
    absent = not is_true(value) if is_true(falsy) else is_undefined(value)
    return other if absent else value


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | range | Mapping) else 0


def _join(value: Any, sign: Any = "", attribute: Any = None) -> str:
    items = _items(value)
    if attribute:
        items = [item.get(attribute) if isinstance(item, Mapping) else None for item in items]
    return joined(items, sign)


def _list(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [{"key": key, "value": item} for key, item in value.items()]
    return _items(value)


def _replace(value: Any, old: Any, new: Any, most: int = -1) -> Any:
    if not isinstance(value, str | int | float) or not isinstance(old, str | int | float):
        return value
    return replaced(as_text(value), as_text(old), as_text(new), most)


def _sort(value: Any, reverse: Any = False, case_sensitive: Any = False, attribute: Any = None) -> list[Any]:
    def key(item: Any) -> Any:
        found = item.get(attribute) if attribute and isinstance(item, Mapping) else item
        return found.lower() if isinstance(found, str) and not is_true(case_sensitive) else found

    return sorted(_items(value), key=key, reverse=is_true(reverse))


def _dictsort(value: Mapping[str, Any], case_sensitive: Any = False, by: str = "key") -> list[list[Any]]:
    pairs = [[key, item] for key, item in value.items()]
    return sorted(pairs, key=lambda pair: _sort([pair[by == "value"]], False, case_sensitive)[0])


def _round(value: Any, precision: int = 0, method: str = "") -> float:
    factor = 10.0 ** max(-15, min(int(precision), 15))
    scaled = float(value) * factor
    known = {"ceil": math.ceil, "floor": math.floor}.get(method)
    whole: float = math.floor(scaled + 0.5) if known is None else known(scaled)
    return whole / factor


def _number(value: Any, other: Any, pattern: str, kind: Callable[[str], Any]) -> Any:
    found = re.match(pattern, as_text(value).strip())
    return kind(found[0]) if found else other


def _indent(value: Any, width: Any = 4, first: Any = False) -> str:
    lines = _said(value).split("\n")
    space = " " * max(0, min(int(width or 4), 1000))
    refuse_long(len(lines) * len(space))
    return bounded("\n".join(line if not number and not first else space + line for number, line in enumerate(lines)))


def _truncate(value: Any, length: Any = 255, killwords: Any = False, end: Any = "...") -> str:
    text, most = _said(value), int(length or 255)
    if len(text) <= most:
        return text
    if not killwords:
        space = text.rfind(" ", 0, most + 1)
        most = most if space < 0 else space
    return text[:most] + as_text(end)


def _striptags(value: Any, keep_lines: Any = False) -> str:
    text = re.sub(r"(?i)</?([a-z][a-z0-9]*)\b[^>]*>|<!--.*?-->", "", _said(value), flags=re.DOTALL).strip()
    if not keep_lines:
        return re.sub(r"\s+", " ", text)
    text = re.sub(r" +", " ", re.sub(r"(?m)^ +| +$", "", text)).replace("\r\n", "\n")
    return re.sub(r"\n\n\n+", "\n\n", text)


def _urlencode(value: Any) -> str:
    def encoded(part: object) -> str:
        return quote(as_text(part), safe="-_.!~*'()")

    pairs = value.items() if isinstance(value, Mapping) else value
    return encoded(value) if isinstance(value, str) else "&".join(f"{encoded(k)}={encoded(v)}" for k, v in pairs)


def _batch(value: Any, count: int, fill: Any = None) -> list[list[Any]]:
    items = _items(value)
    rows = [items[start : start + count] for start in range(0, len(items), max(1, int(count)))]
    if rows and fill and count <= 1000:
        rows[-1] += [fill] * (count - len(rows[-1]))
    return rows


def _groupby(value: Any, attribute: str) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in _items(value):
        groups.setdefault(as_text(item.get(attribute, "undefined")), []).append(item)
    return groups


def _capitalize(value: Any) -> str:
    text = _said(value).lower()
    return text[:1].upper() + text[1:]


def _reverse(value: Any) -> Any:
    return value[::-1] if isinstance(value, str) else _items(value)[::-1]


def _sum(value: Any, attribute: Any = None, start: Any = 0) -> Any:
    return sum((item[attribute] if attribute else item for item in _items(value)), start)


def _escape(value: Any) -> str:
    return bounded(html.escape(as_text(value)).replace("&#x27;", "&#39;"))


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "batch": _batch,
    "capitalize": _capitalize,
    "d": _default,
    "default": _default,
    "dictsort": _dictsort,
    "dump": as_json,
    "e": _escape,
    "escape": _escape,
    "first": lambda value: _items(value)[0],
    "float": lambda value, other=None: _number(value, other, r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", float),
    "groupby": _groupby,
    "indent": _indent,
    "int": lambda value, other=None: _number(value, other, r"[-+]?\d+", int),
    "join": _join,
    "last": lambda value: _items(value)[-1],
    "length": _length,
    "list": _list,
    "load": from_json,
    "lower": lambda value: _said(value).lower(),
    "nl2br": lambda value: bounded(re.sub(r"\r\n|\n", "<br />\n", _said(value))),
    "rejectattr": lambda value, name: [item for item in _items(value) if not is_true(item.get(name))],
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "safe": as_text,
    "selectattr": lambda value, name: [item for item in _items(value) if is_true(item.get(name))],
    "sort": _sort,
    "string": as_text,
    "striptags": _striptags,
    "sum": _sum,
    "title": lambda value: " ".join(_capitalize(word) for word in _said(value).split(" ")),
    "trim": lambda value: as_text(value).strip(),
    "truncate": _truncate,
    "upper": lambda value: _said(value).upper(),
    "urlencode": _urlencode,
    "wordcount": lambda value: len(re.findall(r"(?a)\w+", _said(value))) or None,
}
