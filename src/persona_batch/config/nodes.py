"""A YAML file as a graph of nodes that know their place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from persona_batch.chat import JsonValue
from persona_batch.config.problems import Place, quote

ScalarKind: TypeAlias = Literal["text", "int", "float", "bool", "null"]


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


def plain(node: Node) -> JsonValue:
    """Return the node as Python data: dict, list, str, int, float, bool, None."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(value) for key, (_, value) in node.entries.items()}


def walk(node: Node, key: str = "") -> Iterator[tuple[str, Scalar | None, Node]]:
    """Yield (name of the nearest key, the key, node) for a node and everything below it, each node once."""
    seen: set[int] = set()
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


def text_of(node: Node | None) -> str | None:
    """Return a text node's text, None for anything else."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def items_of(node: Node | None) -> list[Node]:
    """Return a list node's items, nothing for anything else."""
    return node.items if isinstance(node, Sequence) else []


def mapping_of(node: Node | None) -> Mapping | None:
    """Return a node that is a mapping, None for anything else."""
    return node if isinstance(node, Mapping) else None
