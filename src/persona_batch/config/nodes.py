"""A YAML file as a graph of nodes that know their place, and how a plain value is read.

PyYAML reads `no` as false, `12:30` as 750, `012` as 10 and `2024-01-01` as a date, and `1e3` as text where every
YAML 1.2 reader sees a number. Such a value is refused wherever it stands: in quotes it is text, and `true`,
`10` or `1000` say the rest.
"""

import math
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

import yaml

from persona_batch.chat import JsonValue
from persona_batch.config.problems import Place, quote

Part = TypeVar("Part")
ScalarKind: TypeAlias = Literal["text", "int", "float", "bool", "null"]

_PREFIX = "tag:yaml.org,2002:"
_resolver = yaml.resolver.Resolver()
INT64 = range(-(2**63), 2**64)  # what JSON encoders and endpoints carry


@dataclass(slots=True)
class Scalar:
    """One value; `written` is its text, `value` what YAML reads.

    `raw` is what stands in the file, quotes and line ends included, and ends at the offset `end`; `plain`: without
    quotes, and no block.
    """

    place: Place
    written: str
    value: str | int | float | bool | None
    kind: ScalarKind
    size: int = 1
    plain: bool = False
    raw: str = ""
    end: int = 0

    def place_of(self, index: int) -> Place:
        """Return the place of a character of `raw`."""
        before = self.raw[:index]
        breaks = before.count("\n")
        column = len(before) - before.rfind("\n") if breaks else self.place.column + index
        return Place(self.place.file, self.place.line + breaks, column)


@dataclass(slots=True)
class Sequence:
    """A list, in brackets or not; `size` counts the nodes below it with aliases written out."""

    place: Place
    items: list["Node"] = field(default_factory=list)
    size: int = 1
    brackets: bool = False


@dataclass(slots=True)
class Mapping:
    """A mapping; keys are text and unique."""

    place: Place
    entries: dict[str, tuple[Scalar, "Node"]] = field(default_factory=dict)
    size: int = 1

    def get(self, key: str) -> "Node | None":
        """Return the value under a key."""
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def key_place(self, key: str) -> Place:
        """Return where the key itself stands (the mapping's place when it is absent)."""
        entry = self.entries.get(key)
        return entry[0].place if entry else self.place


Node: TypeAlias = Scalar | Sequence | Mapping
Walked: TypeAlias = list[tuple[str, Scalar | None, Node]]  # what `walk` yields, for those who look at all of it


def plain(node: Node, without: AbstractSet[int] = frozenset()) -> JsonValue:
    """Return the node as Python data: dict, list, str, int, float, bool, None; `without` the nodes of these `id`s."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item, without) for item in node.items if id(item) not in without]
        case Mapping():
            entries = node.entries.items()
            return {key: plain(value, without) for key, (_, value) in entries if id(value) not in without}


def walk(
    node: Node, key: str = "", without: AbstractSet[int] = frozenset()
) -> Iterator[tuple[str, Scalar | None, Node]]:
    """Yield (name of the nearest key, the key, node) for a node and everything below it, each node once.

    What is below the nodes `without` (by `id`), and they themselves, is left out.
    """
    seen = set(without)
    waiting: list[tuple[str, Scalar | None, Node]] = [(key, None, node)]
    while waiting:
        name, key_node, current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield name, key_node, current
        if isinstance(current, Mapping):
            waiting.extend((key, scalar, value) for key, (scalar, value) in current.entries.items())
        elif isinstance(current, Sequence):
            waiting.extend((name, None, item) for item in current.items)


def found(node: Node) -> str:
    """Say in words what stands at a node, and how YAML reads it when that may surprise."""
    match node:
        case Sequence():
            return "a list"
        case Mapping():
            return "a mapping"
        case Scalar(kind="text"):
            return f"text {quote(node.written)}" if node.written else "empty text"
        case Scalar(kind="null"):
            return f"{quote(node.written)}, read as null" if node.written else "nothing"
        case Scalar(kind="bool"):
            return quote(node.written)
        case _:
            return f"{quote(node.written)}, read as a number"


def below(node: Node, *steps: str | int) -> Node:
    """Return what stands below a node, by keys and indexes.

    Raises:
        LookupError: nothing does.
    """
    for step in steps:
        match node:
            case Mapping():
                node = node.entries[str(step)][1]
            case Sequence():
                node = node.items[int(step)]
            case Scalar():
                raise LookupError(step)
    return node


def pairs(said: Iterable[Part] | None, node: Node | None) -> Iterator[tuple[Part, Node]]:
    """Yield the parts of a list as its model has them, each with the node that it was made of.

    A list that is wrong in one of the places that an alias puts it was left out of all of them, and has no parts.
    """
    parts = list(said or ())
    if isinstance(node, Sequence) and len(parts) == len(node.items):
        yield from zip(parts, node.items, strict=True)


class Surprise(Exception):
    """A plain value that YAML reads as something else than it looks."""


def read_scalar(written: str, place: Place, *, plain: bool) -> Scalar:
    """Return the value of a scalar as YAML 1.1 reads it.

    Raises:
        Surprise: the reading is none that a person would mean, or JSON cannot carry it.
    """
    if not plain:
        return Scalar(place, written, written, "text")
    tag: str = _resolver.resolve(yaml.ScalarNode, written, (True, False))  # type: ignore[no-untyped-call]  # not in the stubs
    kind = tag.removeprefix(_PREFIX)
    value, known_kind = _value(kind, written)
    return Scalar(place, written, value, known_kind)


def _value(kind: str, written: str) -> tuple[str | int | float | bool | None, ScalarKind]:
    if kind == "bool":
        lowered = written.lower()
        if lowered not in {"true", "false"}:
            read = "true" if lowered in {"yes", "on"} else "false"
            raise Surprise(f'{quote(written)} is read as {read} here; write "{written}" for the text, or {read}')
        return lowered == "true", "bool"
    if kind == "int":
        return _whole(written), "int"
    if kind == "float":
        return _real(written), "float"
    if kind == "timestamp":
        raise Surprise(f'{quote(written)} is read as a date here; write "{written}" for the text')
    if kind == "null":
        return None, "null"
    if _is_exponent(written):
        number = float(written)
        plainly = f"{number:g}" if math.isfinite(number) and abs(number) < 1e6 else "the number in full"
        raise Surprise(
            f'{quote(written)} is read as text here; write {plainly} for the number, or "{written}" for the text'
        )
    return written, "text"


def _whole(written: str) -> int:
    digits = written.replace("_", "").lower()
    body = digits.lstrip("+-")
    if ":" in body:
        raise Surprise(f'{quote(written)} is read as a number of base 60 here; write "{written}" for the text')
    if len(body) > 1 and body[0] == "0" and body.isdigit():
        raise Surprise(
            f'{quote(written)} is read as {int(body, 8)} (octal) here; write "{written}" for the text, '
            f"or the number without the leading 0"
        )
    if len(body) > 70 or (number := int(digits, 0)) not in INT64:
        raise Surprise(f"{quote(written)} does not fit into 64 bits; write it in quotes for the text")
    return number


def _real(written: str) -> float:
    digits = written.replace("_", "").lower()
    if ":" in digits:
        raise Surprise(f'{quote(written)} is read as a number of base 60 here; write "{written}" for the text')
    number = math.inf if digits.lstrip("+-") in {".inf", ".nan"} else float(digits)
    if not math.isfinite(number):
        raise Surprise(f"{quote(written)} is no finite number; write it in quotes for the text")
    return number


def _is_exponent(written: str) -> bool:
    if len(written) > 40 or not written.isascii() or "e" not in written.lower() or not written[-1].isdigit():
        return False
    if not all(char.isdigit() or char in "+-.eE" for char in written):
        return False
    try:
        float(written)
    except ValueError:
        return False
    return True
