"""Text that YAML takes for a comment: in plain text, everything after ` #` is left out without a word.

`What is C # anyway?` asks `What is C`. A comment after a number, a name or a closing quote is a comment; one that
touches a text for people or models is told, with what it takes away.
"""

import re
from collections.abc import Iterator

from persona_batch.config.files import place_at
from persona_batch.config.nodes import Mapping, Node, Scalar, Walked
from persona_batch.config.problems import Place, Problems, quote

PROSE = {
    "system": "the prompt",
    "questions": "the question",
    "text": "the question",
    "turns": "the turn",
    "probe": "the probe",
    "user": "the example",
    "assistant": "the example",
    "description": "the description",
    "template": "the template",
    "contains": "the check",
    "not_contains": "the check",
    "regex": "the check",
    "equals": "the check",
}
_FILES = (".yaml", ".yml")

_BESIDE = re.compile(r"[ \t]+(#.*)")
_BELOW = re.compile(r"\n *(#\S.*)")
_LINE = re.compile(r"( *)(#.*)")
_IN_TEXT = re.compile(r"(?<=[^\s#:,\[{\-])[ \t]+(#.*)")
_ENTRY = re.compile(r" *(?:- |-$|[^\s#\"'][^#]*?:(?: |$)|[\"'])")


def lost_text(nodes: Walked, text: str) -> Iterator[tuple[Place, str]]:
    """Yield the comments that a reader may take for a part of a text, each with its place and what is lost."""
    labels = {id(node) for node in _labels(nodes)}  # a comment beside a label is one, unless it reads `#7`
    for name, _, node in nodes:
        part = "the text" if id(node) in labels else PROSE.get(name)
        if part is None or not isinstance(node, Scalar) or not node.plain or node.kind != "text":
            continue
        if name == "questions" and node.written.casefold().endswith(_FILES):
            continue
        for start, comment in _comments(node, text):
            if id(node) not in labels or not comment[1:2].isspace():
                yield place_at(node.place.file, text, start), _message(comment, part)


def cut_text(text: str, begun: int, at: int) -> tuple[int, str] | None:
    """Return the comment that a parser stumbles over, as it cut a text or a bracket in two; its offset and message.

    Args:
        text: the file's.
        begun: where the parser began what it could not finish.
        at: where it gave up.
    """
    if text[begun : begun + 1] in {"[", "{"}:
        found = _IN_TEXT.search(text[begun : text.find("\n", at) % (len(text) + 1)])
        return None if found is None else (begun + found.start(1), _message(found[1], "the text"))
    start = text.rfind("\n", 0, at) + 1
    line = text[start : text.find("\n", start) % (len(text) + 1)]
    if start == 0 or _ENTRY.match(line) or not line.strip():
        return None
    above = text.rfind("\n", 0, start - 1) + 1
    before = text[above : start - 1]
    found = _IN_TEXT.search(before) or re.match(r" +(#.*)", before)
    return None if found is None else (above + found.start(1), _message(found[1], "the text"))


def refuse_lost_values(nodes: Walked, text: str, problems: Problems) -> None:
    """Note every text that is missing because all of it is a comment."""
    for name, _, node in nodes:
        nothing = name in PROSE and isinstance(node, Scalar) and not node.raw
        if nothing and isinstance(node, Scalar) and (comment := _BESIDE.match(text, node.end)):
            problems.add(place_at(node.place.file, text, comment.start(1)), _message(comment[1], PROSE[name]))
            problems.settle(node.place)


def _message(comment: str, part: str) -> str:
    return (
        f"everything after ` #` is a comment to YAML: {quote(comment, 60)} is not part of {part}; "
        f"put {part} into quotes, or write it under `|`"
    )


def _comments(node: Scalar, text: str) -> Iterator[tuple[int, str]]:
    """Yield the comment beside a text, and those above and below that stand in one column with its lines."""
    if beside := _BESIDE.match(text, node.end):
        yield beside.start(1), beside[1]
    start = node.end - len(node.raw)
    head = text.rfind("\n", 0, start) + 1
    if not text[head:start].strip():
        yield from _lines_above(text, head, start - head)
        yield from _lines_below(text, node.end, start - head)
    elif "\n" in node.raw:
        yield from _lines_below(text, node.end, _indent(node.raw.rsplit("\n", 1)[-1]))
    elif (below := _BELOW.match(text, node.end)) and below.start(1) - below.start() - 1 > _indent(text[head:start]):
        yield below.start(1), below[1]  # `#7`, further in than the entry: no comment begins like that


def _lines_above(text: str, head: int, column: int) -> Iterator[tuple[int, str]]:
    while head > 0:
        above = text.rfind("\n", 0, head - 1) + 1
        line = _LINE.match(text[above : head - 1])
        if line is None or len(line[1]) != column:
            return
        yield above + column, line[2]
        head = above


def _lines_below(text: str, end: int, column: int) -> Iterator[tuple[int, str]]:
    while (below := text.find("\n", end) + 1) > 0:
        end = text.find("\n", below) % (len(text) + 1)
        line = _LINE.match(text[below:end])
        if line is None or len(line[1]) != column:
            return
        yield below + column, line[2]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _labels(nodes: Walked) -> Iterator[Node]:
    for name, _, node in nodes:
        if name == "attributes" and isinstance(node, Mapping):
            yield from (value for _, value in node.entries.values())
        elif name == "name":
            yield node
