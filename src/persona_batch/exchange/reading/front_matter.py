"""YAML between two lines `---` at the top of a text, and the text below them."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.source import Source, read_yaml

_BLOCK = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"([A-Za-z][\w-]*):[ \t]*(.*)")


class FrontMatter(NamedTuple):
    """What stands above a text, and the text to the byte; `loose`: it is no YAML, and was read line by line."""

    data: Mapping[str, JsonValue]
    body: str
    loose: bool = False


def front_matter(text: str, source: Source) -> FrontMatter | None:
    """Return a text's front matter; None: it has none.

    Descriptions with a `: ` in them, without quotes, are common in the wild; then every line `key: …` is an entry.
    """
    found = _BLOCK.match(text)
    if found is None:
        return None
    loose = False
    try:
        data = read_yaml(found[1], source)
    except UsageError:
        lines = (_ENTRY.fullmatch(line.rstrip("\r")) for line in found[1].split("\n"))
        data, loose = {entry[1]: entry[2].strip() for entry in lines if entry is not None}, True
    if data is None:
        data = {}
    if not isinstance(data, dict):
        return None
    return FrontMatter({str(name): value for name, value in data.items()}, text[found.end() :], loose)
