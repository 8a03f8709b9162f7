"""Strict YAML: a file's text to nodes with places, on PyYAML's event stream.

Composing is done here, without recursion, so that depth, aliases and size are bounded before anything is built:
aliases are shared nodes, and a file whose aliases would write out to far more than it says is refused.
Refused besides: duplicate keys, keys that are not text, merge keys, tags, several documents, tabs, control
characters, and the surprising readings of `scalars`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

import yaml

from persona_batch.config.fullwidth import refuse_at_top
from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, Surprise, read_scalar
from persona_batch.config.problems import Place, Problems, Unreadable, quote

MAX_DEPTH = 40
MAX_ALIASED_NODES = 20_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_HALF = re.compile("[dD][89a-fA-F]")  # what follows `\\u` in an escaped surrogate
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def compose(text: str, shown: str, problems: Problems) -> Mapping:
    """Return the mapping that a YAML text is.

    Raises:
        Unreadable: the text is no YAML, or not one mapping; lesser problems are noted and stepped over.
    """
    if bad := _UNPRINTABLE.search(text):
        line, column = text.count("\n", 0, bad.start()) + 1, bad.start() - text.rfind("\n", 0, bad.start())
        problems.add(Place(shown, line, column), f"control character U+{ord(bad[0]):04X}; delete it")
        raise Unreadable
    root = _composed(text, shown, problems)
    if root is None or (isinstance(root, Scalar) and root.kind == "null"):
        problems.add(Place(shown, 1, 1), "the file is empty; `batch init` writes examples to start from")
        raise Unreadable
    if not isinstance(root, Mapping):
        if isinstance(root, Sequence) or not refuse_at_top(root, problems):
            problems.add(root.place, _no_mapping(root))
        raise Unreadable
    return root


def _no_mapping(root: Scalar | Sequence) -> str:
    if isinstance(root, Scalar):
        return "found plain text at the top; a file is a mapping of keys such as `system: …` or `questions: …`"
    first = root.items[0] if root.items else None
    above = None
    if isinstance(first, Mapping):
        above = "questions" if {"text", "turns"} & set(first.entries) else "personas"
    elif isinstance(first, Scalar):
        above = "questions"
    remedy = f"; write `{above}:` above it" if above else ""
    return f"found a list at the top; a file is a mapping of keys such as `system: …` or `questions: …`{remedy}"


def _composed(text: str, shown: str, problems: Problems) -> Node | None:
    try:
        return _Composer(text, shown, problems).compose()
    except _AnotherParser:
        return _Composer(text, shown, problems, loader=yaml.SafeLoader).compose()


class _AnotherParser(Exception):
    """libyaml gave up where the parser in Python goes on.

    At its own depth, before it hands out what led there, so ours is not reached; and at an escaped surrogate, which
    may be half of a pair, as JSON writes what lies beyond U+FFFF (RFC 8259, section 7).
    """


class _Mark(Protocol):
    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet; `key` waits for its value."""

    node: Sequence | Mapping
    key: Scalar | None = None
    skip: bool = False


@dataclass(slots=True)
class _Composer:
    text: str
    shown: str
    problems: Problems
    loader: Any = _LOADER
    root: Node | None = None
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    aliased: int = 0

    def compose(self) -> Node | None:
        documents = 0
        try:
            for event in self._events():
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._fail(event, "a second document starts here; put it into a file of its own")
                elif isinstance(event, yaml.NodeEvent):
                    self._node(event)
                elif isinstance(event, yaml.CollectionEndEvent):
                    self._close()
        except yaml.MarkedYAMLError as error:
            self._give_up(error)
            from persona_batch.config.malformed import explain  # needed for mistakes only

            explain(error, self.text, self.shown, self.problems)
            raise Unreadable from error
        except yaml.YAMLError as error:
            self.problems.add(Place(self.shown, 1, 1), f"not YAML: {quote(str(error), 80)}")
            raise Unreadable from error
        return self.root

    def _events(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self.text, Loader=self.loader)
        except (ValueError, OverflowError) as error:  # of `chr`: the parser in Python checks no bounds
            self.problems.add(Place(self.shown, 1, 1), "an escape `\\U…` lies beyond U+10FFFF; delete it")
            raise Unreadable from error

    def _give_up(self, error: yaml.MarkedYAMLError) -> None:
        problem, mark = error.problem or "", error.problem_mark
        half = "Unicode character escape" in problem and mark is not None and _HALF.match(self.text, mark.index)
        if self.loader is not yaml.SafeLoader and (half or "nesting depth" in problem):
            raise _AnotherParser from error

    def _place(self, mark: _Mark | None) -> Place:
        return Place(self.shown, mark.line + 1, mark.column + 1) if mark is not None else Place(self.shown, 1, 1)

    def _fail(self, event: yaml.Event, message: str) -> NoReturn:
        self.problems.add(self._place(event.start_mark), message)
        raise Unreadable

    def _node(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._put(self._alias(event))
            return
        place = self._place(event.start_mark)
        tag = getattr(event, "tag", None)
        if tag is not None:
            tag = tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.add(place, f"the tag {quote(tag)} is not read here; delete it (text: use quotes)")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(place, brackets=bool(event.flow_style))
        else:
            node = Mapping(place)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        if isinstance(node, Scalar):
            self._put(node)
            return
        if len(self.stack) >= MAX_DEPTH:
            self._fail(event, f"nested deeper than {MAX_DEPTH} levels; write it flatter")
        self.stack.append(_Open(node))

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Scalar:
        written = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), event.value)
        if _NO_TEXT.search(written):
            self.problems.add(place, "an escaped NUL or half a surrogate pair is no text; delete the escape")
            written = _NO_TEXT.sub("", written)
        plain = event.style in {None, ""} and event.implicit[0]
        try:
            scalar = read_scalar(written, place, plain=plain)
        except Surprise as surprise:
            self.problems.add(place, str(surprise))
            scalar = Scalar(place, written, written, "text")
        assert event.start_mark is not None
        assert event.end_mark is not None
        raw = self.text[event.start_mark.index : event.end_mark.index]
        scalar.plain, scalar.end = plain, event.end_mark.index
        scalar.raw = written if raw == written else raw  # one object for both, where they are equal
        return scalar

    def _alias(self, event: yaml.AliasEvent) -> Node:
        name = f"*{event.anchor}"
        node = self.anchors.get(event.anchor or "")
        if node is None:
            self._fail(event, f"the alias {quote(name)} has no anchor above it; write the value out")
        if any(level.node is node for level in self.stack):
            self._fail(event, f"the alias {quote(name)} stands inside of what it names; write the part out")
        self.aliased += node.size
        if self.aliased > MAX_ALIASED_NODES:
            self._fail(event, f"the aliases write out to more than {MAX_ALIASED_NODES} values; write the text out")
        return node

    def _put(self, node: Node) -> None:
        """Hang a finished node below what is open."""
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        top.node.size += node.size
        if isinstance(top.node, Sequence):
            top.node.items.append(node)
        elif top.key is None and not top.skip:
            self._key(top, node)
        else:
            if top.key is not None:
                top.node.entries[top.key.written] = (top.key, node)
            top.key, top.skip = None, False

    def _key(self, top: _Open, node: Node) -> None:
        assert isinstance(top.node, Mapping)
        top.skip = True
        if not isinstance(node, Scalar):
            self.problems.add(top.node.place, "a list or mapping is no key; text that starts with { or [ needs quotes")
        elif node.written == "<<" and node.plain:
            self.problems.add(node.place, "the merge key `<<` is not read here; write the keys out")
        elif node.place in self.problems.places:
            return
        elif node.kind != "text":
            read = "null" if node.kind == "null" else "true or false" if node.kind == "bool" else "a number"
            self.problems.add(node.place, f'the key {quote(node.written)} is read as {read}; write "{node.written}"')
        elif node.written in top.node.entries:
            first = top.node.entries[node.written][0].place
            self.problems.add(
                node.place, f"the key {quote(node.written)} stands here twice (first in line {first.line}); keep one"
            )
        else:
            top.key, top.skip = node, False

    def _close(self) -> None:
        self._put(self.stack.pop().node)
