"""What the YAML parser stumbled over, in words that lead on."""

import re

import yaml

from persona_batch.config.comments import cut_text
from persona_batch.config.files import place_at
from persona_batch.config.problems import Problems, entry, quote
from persona_batch.config.signs import (
    ANY_KEY,
    BLANK,
    BLOCK_SIGN,
    BULLET,
    BULLETS,
    CLOSING,
    COLONS,
    COMMAS,
    COMMENT,
    DASHES,
    OPENING,
    QUOTES,
    SPACES,
    firsts,
    in_entries,
    known_words,
    of_items,
    told,
)

_UNKNOWN_ENTRY = re.compile(  # a name and no item or prose
    rf"(?: *[A-Za-z_]| +[^\W\d_])[\w.\-]*[{COLONS}](?:[\[{{].*|[^\[{{]*)$"
)
_BARE_BULLET = re.compile(rf" *[{BULLETS}](?=[^{BULLETS}\s])")
_INDENT = re.compile(rf" *[{SPACES}]")
_BLOCK = re.compile(rf"(?:[:{COLONS}]{BLANK}*|- +)[|>][-+0-9]*[ \t]*(?:#.*)?$")
_DASHES_BEFORE = re.compile(r" *(?:- +)*")
_ASIDE = re.compile(  # a quoted text that is no key; a comment
    rf"(?<![^\s:{COLONS},{COMMAS}\[{{\-])([\"'])(?:(?!\1)[^\\]|\\.)*\1(?!{BLANK}*[:{COLONS}])|(?<!\S)#.*"
)
_OPEN_QUOTE = re.compile(rf"(?:^|[:{COLONS}\-\[{{,]){BLANK}*([\"'])(?:(?!\1).)*$")
_NO_SPACE = re.compile(r" *(?:- +)*(?:([A-Za-z_]+):(?=[^\s:/])|()-(?=[^\s-]))")


def explain(error: yaml.MarkedYAMLError, text: str, shown: str, problems: Problems) -> None:
    """Note what is wrong with a text that is no YAML: first what looks like YAML's signs and is none of them."""
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    assert mark is not None, "the parser names the place of whatever it cannot read"
    at, begun = min(mark.index, len(text)), context.index if context is not None else mark.index
    culprits = _strange_signs(text, begun, at)
    for index in culprits:
        problems.add(place_at(shown, text, index), told(text[index]))
    if any(index <= at for index in culprits):
        return
    if (cut := cut_text(text, begun, at)) is not None:
        problems.add(place_at(shown, text, cut[0]), cut[1])
        return
    index, message = _without_space(text, begun, at) or _parser_says(error, text, begun, at)
    problems.add(place_at(shown, text, index), message)


def _without_space(text: str, begun: int, at: int) -> tuple[int, str] | None:
    """Return a `:` or `-` that ends a key or begins an item, were there a space after it."""
    here = text.rfind("\n", 0, at) + 1
    above = text.rfind("\n", 0, max(here - 1, 0)) + 1
    for start in (text.rfind("\n", 0, begun) + 1, above):
        if found := _NO_SPACE.match(text, start):
            rest = text[found.end() : text.find("\n", found.end()) % (len(text) + 1)]
            written = entry(found[1], rest) if found[1] else quote(f"- {rest}")
            return found.end() - 1, f"a `{text[found.end() - 1]}` without a space after it; write {written}"
    return None


def _parser_says(error: yaml.MarkedYAMLError, text: str, begun: int, at: int) -> tuple[int, str]:
    context, problem, rest = error.context or "", error.problem or "", text[at : at + 1]
    if "quoted scalar" in context and "end of stream" in problem:
        return begun, "this quotation mark is never closed; close it"
    if rest == "\t":
        return at, "a tab; YAML is indented by spaces"
    if "escape" in problem:
        return at, "a `\\` begins an escape in double quotes; write `/` in a path, else `\\\\`, or use single quotes"
    if "mapping values" in problem:
        return at, "a `:` inside of unquoted text; put the text into quotes, or mend the indentation"
    if "flow" in context:
        line = text.count("\n", 0, at)
        noticed = f" (noticed in line {line + 1})" if line != text.count("\n", 0, begun) else ""
        return begun, f"this bracket is not closed, or an item in it lacks a comma{noticed}; mend it"
    if "simple key" in context:
        return begun, "this line is no `key: value`; write `: ` after the key, or indent text that goes on"
    if rest in {"@", "`", "%"}:
        return at, f"text cannot start with {rest!r}; put it into quotes"
    return at, f"not YAML: {problem}; check indentation, brackets and quotes"


def _strange_signs(text: str, begun: int, at: int) -> list[int]:
    """Return the offsets of such signs in a text that YAML cannot read.

    Args:
        text: the file's.
        begun: where the parser began what it could not finish.
        at: where it gave up.
    """
    bare = _without_prose(text)
    found = set(in_entries(bare, known_words()))
    found.update(of_items(bare))
    found.update(match.end() - 1 for sign in (COMMENT, BLOCK_SIGN) for match in sign.finditer(bare))
    here = text.rfind("\n", 0, at) + 1
    above = text.rfind("\n", 0, max(here - 1, 0)) + 1
    for start in sorted({text.rfind("\n", 0, begun) + 1, here, above}):
        line = bare[start : bare.find("\n", start) % (len(bare) + 1)]
        found.update(start + match.end() - 1 for match in [_INDENT.match(line)] if match)
        found.update(start + match.end() - 2 for match in [BULLET.match(line)] if match)
        if not found and text[at : at + 1] not in {"", "\t"} and _UNKNOWN_ENTRY.match(line):
            found.update(start + index for index in in_entries(line, ANY_KEY))
        if not found and (bullet := _BARE_BULLET.match(line)):
            found.add(start + bullet.end() - 1)
    if re.match(rf"[{COLONS}{COMMAS}{DASHES}{OPENING}{CLOSING}{QUOTES}{SPACES}]", text[at : at + 1]):
        found.add(at)
    if not found and text[begun : begun + 1] in {"{", "[", '"', "'"}:
        last = re.search(rf"[{CLOSING}{QUOTES}](?={BLANK}*,?{BLANK}*$)", text[begun:], re.MULTILINE)
        found.update({begun + last.start()} if last else ())
    return firsts(text, found)


def _without_prose(text: str) -> str:
    """Return the text with blocks, quoted texts and comments blanked out; every offset stays."""
    lines: list[str] = []
    block: int | None = None
    quote, offset = "", 0
    for line in text.split("\n"):
        offset += len(line) + 1
        indent = len(line) - len(line.lstrip(" "))
        inside = block is not None and (not line.strip() or indent > block)
        if quote or inside:
            lines.append(" " * len(line))
            quote = "" if quote in line else quote
            continue
        lines.append(_ASIDE.sub(lambda aside: " " * len(aside[0]), line))
        block = None
        before = _DASHES_BEFORE.match(line)
        if before is not None and _BLOCK.search(line):
            begins = before.end()
            block = begins if line[begins : begins + 1] not in {"|", ">"} else line.rfind("-", 0, begins)
        elif (opened := _OPEN_QUOTE.search(line)) and text.find(opened[1], offset) >= 0:
            quote = opened[1]
    return "\n".join(lines)
