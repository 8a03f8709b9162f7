"""Handlebars and Mustache, as far as they need no program: comments, and plain places with a value."""

import re
from collections.abc import Mapping

from persona_batch.chat import JsonValue
from persona_batch.exchange.sources.rendering.bounded import put_in
from persona_batch.exchange.sources.rendering.javascript import as_text

_LINE_END = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_BLOCK = re.compile(r"(?<!\\)\{\{~?\s*[#^/]")
_PLACE = re.compile(
    r"(?P<escape>\\?)(?:\{\{\{\s*(?P<raw>[A-Za-z_][\w.]*)\s*\}\}\}|\{\{\s*(?P<name>[A-Za-z_][\w.]*)\s*\}\})"
)


def without_comments(text: str) -> str:
    """Return a template without its comments; with one that stands alone, its line goes."""
    kept: list[str] = []
    done = 0
    while (start := text.find("{{!", done)) >= 0:
        long = text.startswith("{{!--", start)
        end = text.find("--}}" if long else "}}", start + 5 if long else start)
        if end < 0:
            break
        end += 4 if long else 2
        line = text.rfind("\n", done, start) + 1 or done
        after = _LINE_END.match(text, end)
        alone = after is not None and not text[line:start].strip(" \t") and (line == 0 or text[line - 1] == "\n")
        kept.append(text[done : line if alone else start])
        done = after.end() if alone and after is not None else end
    return "".join(kept) + text[done:]


def has_blocks(text: str) -> bool:
    """Say whether a template has blocks, which only its tool can render."""
    return _BLOCK.search(text) is not None


def fill_places(text: str, values: Mapping[str, JsonValue], *, escapes: bool = True) -> str:
    """Return a template with the values for its plain places; those without one stay as they stand.

    `escapes`: a backslash before a place makes it text.

    Raises:
        NotFilled: it is too long.
    """

    def said(place: re.Match[str]) -> str:
        before = place["escape"]
        if before and escapes:
            return place[0].removeprefix(before) if values else place[0]
        found = _value(place["raw"] or place["name"], values)
        return place[0] if found is None or isinstance(found, dict) else before + as_text(found)

    return put_in(_PLACE, text, said)


def _value(path: str, values: Mapping[str, JsonValue]) -> JsonValue:
    """Return the value of a name, or of a path into mappings; None: there is none."""
    found: JsonValue = dict(values)
    for part in path.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found
