"""Handlebars and Mustache, as far as they need no program: comments, and plain places with a value."""

import re
from collections.abc import Mapping

from persona_batch.chat import JsonValue
from persona_batch.exchange.sources.rendering.javascript import as_text

_COMMENT = r"\{\{~?!(?:--.*?--|[^}]*)~?\}\}"
_COMMENTS = re.compile(rf"^[ \t]*{_COMMENT}[ \t]*(?:\r?\n|\Z)|{_COMMENT}", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"(?<!\\)\{\{~?\s*[#^/]")
_PLACE = re.compile(
    r"(?P<escape>\\?)(?:\{\{\{\s*(?P<raw>[A-Za-z_][\w.]*)\s*\}\}\}|\{\{\s*(?P<name>[A-Za-z_][\w.]*)\s*\}\})"
)


def without_comments(text: str) -> str:
    """Return a template without its comments; with one that stands alone, its line goes."""
    return _COMMENTS.sub("", text) if "{{" in text else text


def has_blocks(text: str) -> bool:
    """Say whether a template has blocks, which only its tool can render."""
    return _BLOCK.search(text) is not None


def fill_places(text: str, values: Mapping[str, JsonValue], *, escapes: bool = True) -> str:
    """Return a template with the values for its plain places; those without one stay as they stand.

    `escapes`: a backslash before a place makes it text.
    """

    def said(place: re.Match[str]) -> str:
        before = place["escape"]
        if before and escapes:
            return place[0].removeprefix(before) if values else place[0]
        found = _value(place["raw"] or place["name"], values)
        return place[0] if found is None or isinstance(found, dict) else before + as_text(found)

    return _PLACE.sub(said, text)


def _value(path: str, values: Mapping[str, JsonValue]) -> JsonValue:
    """Return the value of a name, or of a path into mappings; None: there is none."""
    found: JsonValue = dict(values)
    for part in path.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found
