"""Personas and questions that are values in Python: what a file would say, without the file.

They take the same way as files from here on: the models, the errors and the keys are those of a file that says the
same. A place is told as Python would write it: `personas[1]['system']`.
"""

import math
import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as NamesOf
from types import NoneType

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import INT64, Mapping, Node, Scalar, ScalarKind
from persona_batch.config.nodes import Sequence as SequenceNode
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.source import MAX_DEPTH

SOURCE = "(Python)"  # stands where a persona's file would be told

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_KINDS: dict[type, ScalarKind] = {str: "text", bool: "bool", int: "int", float: "float", type(None): "null"}


class Inline(msgspec.Struct, frozen=True):
    """What a persona file, a question file or one entry of it would say, as plain JSON; `at` is where it was given."""

    at: str
    said: JsonValue

    def __str__(self) -> str:
        return self.at

    @property
    def ids(self) -> list[str]:
        """The ids of its personas, as far as they are given."""
        said = self.said if isinstance(self.said, dict) else {}
        entries = [said, *(said.get("personas") or ())]
        return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and entry.get("id")]

    def root(self, *, list_key: str | None = None) -> Mapping:
        """Return it as the mapping that a file is; an entry alone is an item of the list `list_key`."""
        node = node_of(self.said, self.at)
        if list_key is None or (isinstance(node, Mapping) and list_key in node.entries):
            return node if isinstance(node, Mapping) else Mapping(Place(self.at))
        place = Place(self.at)
        held = SequenceNode(place, [node], node.size + 1)
        return Mapping(place, {list_key: (_text(list_key, place), held)}, held.size + 1)


def plain_value(value: object, at: str, problems: Problems, depth: int = 0) -> JsonValue:
    """Return a copy of a value of Python as what JSON can say; what it cannot say is noted, and None stands for it."""
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        value = value.tolist()  # a scalar or an array, as the rows of data frames have them
    if isinstance(value, (str, int, float, NoneType)):
        return _plain_scalar(value, Place(at), problems)
    if depth >= MAX_DEPTH:
        problems.add(Place(at[:200]), f"nested deeper than {MAX_DEPTH} levels; write it flatter")
        return None
    if isinstance(value, NamesOf):
        return _plain_mapping(value, at, problems, depth)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [plain_value(item, f"{at}[{number}]", problems, depth + 1) for number, item in enumerate(value)]
    problems.add(Place(at), f"found a value of type {type(value).__name__}, expected text, a number, a list or a dict")
    return None


def _plain_scalar(value: str | float | None, place: Place, problems: Problems) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if _NO_TEXT.search(value):
            problems.add(place, "a NUL or half a surrogate pair is no text; delete it")
        return _NO_TEXT.sub("", value)
    if isinstance(value, int):
        if value not in INT64:
            problems.add(place, "the number does not fit into 64 bits; write it as text")
        return int(value)
    if not math.isfinite(value):
        problems.add(place, f"{quote(repr(value))} is no finite number")
    return float(value)


def _plain_mapping(value: NamesOf[object, object], at: str, problems: Problems, depth: int) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for key, below in value.items():
        if isinstance(key, str):
            found[str(key)] = plain_value(below, f"{at}[{str(key)!r}]", problems, depth + 1)
        else:
            problems.add(Place(at), f"the key {quote(repr(key))} is no text; write {quote(repr(str(key)))}")
    return found


def node_of(value: JsonValue, at: str) -> Node:
    """Return plain JSON as a node, each part of it with its own place."""
    place = Place(at)
    if isinstance(value, dict):
        mapping = Mapping(place)
        for number, (key, below) in enumerate(value.items(), start=1):
            # a key is told as what holds it, and is a place of its own all the same
            mapping.entries[key] = (_text(key, Place(at, 0, number)), node_of(below, f"{at}[{key!r}]"))
        mapping.size += sum(node.size for _, node in mapping.entries.values())
        return mapping
    if isinstance(value, list):
        items = [node_of(item, f"{at}[{number}]") for number, item in enumerate(value)]
        return SequenceNode(place, items, 1 + sum(item.size for item in items))
    if isinstance(value, str):
        return _text(value, place)
    return Scalar(place, repr(value), value, _KINDS[type(value)])


def _text(value: str, place: Place) -> Scalar:
    return Scalar(place, value, value, "text", raw=value)


def stems_of(inline: Inline) -> Iterable[str]:
    """Return the parts that values in Python have in the id of a batch."""
    return [id_from_stem(name) or "batch" for name in inline.ids] or ["batch"]
