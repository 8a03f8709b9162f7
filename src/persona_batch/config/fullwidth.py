"""Signs that look like YAML's and are none: what an input method for Chinese or a word processor writes.

`system：你好` has no key, `－ 你好` is no item and an ideographic space is no indentation, though all look right. They
are refused where the file's structure needs the ASCII sign, and only there: prompts and questions are full of them.
A file that YAML can read is searched node by node; of one that it cannot, the lines outside of blocks and quotes.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, walk
from persona_batch.config.params import KNOWN, PASSED
from persona_batch.config.persona_file import SECTIONS, PersonasFile
from persona_batch.config.problems import Problems
from persona_batch.config.question_file import QuestionFile
from persona_batch.config.section import Section, known_keys

_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_DASHES = "－﹣−"
_BULLETS = "–—•·"
_COLONS = "：﹕∶︰"
_COMMAS = "，﹐、"
_OPEN, _CLOSE = "｛［【（〔", "｝］】）〕"
_QUOTES = "“”„‟‘’‚「」『』＂＇"

# Signs whose compatibility form (Unicode's NFKC) is not the ASCII sign that they stand for.
_TWINS = dict.fromkeys("“”„‟「」『』", '"') | dict.fromkeys("‘’‚", "'") | dict.fromkeys("−–—•·", "-")
_TWINS |= {"∶": ":", "︰": ":", "、": ",", "【": "[", "】": "]", "〔": "[", "〕": "]"}
_WRITTEN = {":": "`: `", ",": "`, `", "-": "`- `", " ": "a plain space"}

_BLANK = rf"[ \t{_SPACES}]"
_ANY_KEY = r"[^\W_][\w.\-]*"
_DASH = re.compile(rf"^{_BLANK}*(?:-(?=[{_SPACES}])|[{_DASHES}](?={_BLANK}))", re.MULTILINE)
_BULLET = re.compile(rf"^{_BLANK}*[{_BULLETS}]{_BLANK}")
_UNKNOWN_ENTRY = re.compile(rf"(?: *[A-Za-z_]| +[^\W\d_])[\w.\-]*[{_COLONS}][^\[{{]*$")  # a name and no item or prose
_COMMENT = re.compile(rf"^{_BLANK}*[＃﹟]", re.MULTILINE)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_INDENT = re.compile(rf" *[{_SPACES}]")
_BLOCK_SIGN = re.compile(rf"(?:^|[:{_COLONS}\-]{_BLANK}+)[｜＞](?=[\-+－＋]?{_BLANK}*$)", re.MULTILINE)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)

_BRACKET = re.compile(rf"{_BLANK}*[{_OPEN}]")
_LAST_BRACKET = re.compile(rf"[{_CLOSE}](?={_BLANK}*$)", re.MULTILINE)
_BLOCK = re.compile(rf"(?:[:{_COLONS}]{_BLANK}*|- +)[|>][-+0-9]*[ \t]*(?:#.*)?$")
_DASHES_BEFORE = re.compile(r" *(?:- +)*")
_ASIDE = re.compile(  # a quoted text that is no key; a comment
    rf"(?<![^\s:{_COLONS},{_COMMAS}\[{{\-])([\"'])(?:(?!\1)[^\\]|\\.)*\1(?!{_BLANK}*[:{_COLONS}])|(?<!\S)#.*"
)
_OPEN_QUOTE = re.compile(rf"(?:^|[:{_COLONS}\-\[{{,]){_BLANK}*([\"'])(?:(?!\1).)*$")

_LISTS = frozenset({"personas", "questions", "examples", "checks", "controls", "turns"})
_DICTS = frozenset({"params", "attributes", "run", "limits", "extra_body", "extra_headers"})


def twin(char: str) -> str | None:
    """Return the ASCII sign that a character looks like, None where there is none."""
    if char.isascii():
        return None
    form = _TWINS.get(char) or unicodedata.normalize("NFKC", char)
    return form if len(form) == 1 and form.isascii() else None


def told(char: str) -> str:
    """Return the message about a character: its name, and what to write instead."""
    name = unicodedata.name(char, "character").lower().replace("fullwidth", "full-width")
    shown = f" `{char}`" if char.isprintable() else ""
    sign = twin(char)
    remedy = "delete it" if sign is None else f"write {_WRITTEN.get(sign, f'`{sign}`')}"
    return f"{name}{shown} (U+{ord(char):04X}); {remedy}"


def refuse(root: Mapping, problems: Problems) -> None:
    """Note the signs in a file that YAML can read, in keys and where a list, a mapping or a number is due."""
    for name, key, node in walk(root):
        if isinstance(node, Mapping):
            _refuse_in_keys(node, problems)
        elif isinstance(node, Scalar) and node.plain and not node.raw.isascii():
            _blame(node, _in_value(name, node, direct=key is not None), problems)
        if name in {"params", "extra_body"} and isinstance(node, Mapping):
            for number in _odd_numbers(node):
                _blame(number, _twins_in(number.raw), problems)
    for _, _, node in walk(root):  # at last, for the place of an entry is that of its first key
        if isinstance(node, Sequence) and any(_is_torn(item) for item in node.items):
            problems.settle(*(item.place for item in node.items))


def refuse_at_top(root: Scalar, problems: Problems) -> bool:
    """Note the signs in a file that is nothing but text to YAML; say whether there were any."""
    found = {*_in_entries(root.raw, _known_keys())} if root.plain else set()
    return _blame(root, sorted(found | set(_of_items(root.raw)) if found else found), problems)


def refuse_in_name(node: Scalar, problems: Problems, *, listed: bool = False) -> bool:
    """Note a sign around a name, or between names that are to be `listed`; say whether there was one."""
    between = f"|[{_COMMAS}]" if listed else ""
    strange = re.search(rf"^[{_QUOTES}{_OPEN}{_SPACES}]|[{_SPACES}]${between}", node.raw)
    return _blame(node, [] if strange is None or not node.plain else [strange.start()], problems)


def refuse_in_word(node: Node, problems: Problems) -> bool:
    """Note the first sign with an ASCII twin in a number or a fixed word; say whether there was one."""
    return isinstance(node, Scalar) and _blame(node, _twins_in(node.raw), problems)


def culprits_of_text(text: str, begun: int, at: int) -> list[int]:
    """Return the offsets of such signs in a text that YAML cannot read.

    Args:
        text: the file's.
        begun: where the parser began what it could not finish.
        at: where it gave up.
    """
    bare = _without_prose(text)
    found = set(_in_entries(bare, _known_keys()))
    found.update(_of_items(bare))
    found.update(match.end() - 1 for sign in (_COMMENT, _BLOCK_SIGN) for match in sign.finditer(bare))
    here = text.rfind("\n", 0, at) + 1
    above = text.rfind("\n", 0, max(here - 1, 0)) + 1
    for start in sorted({text.rfind("\n", 0, begun) + 1, here, above}):
        line = bare[start : bare.find("\n", start) % (len(bare) + 1)]
        found.update(start + match.end() - 1 for match in [_INDENT.match(line)] if match)
        found.update(start + match.end() - 2 for match in [_BULLET.match(line)] if match)
        if not found and text[at : at + 1] not in {"", "\t"} and _UNKNOWN_ENTRY.match(line):
            found.update(start + index for index in _in_entries(line, _ANY_KEY))
    if text[at : at + 1] and text[at] in f"{_COLONS}{_COMMAS}{_DASHES}{_OPEN}{_CLOSE}{_QUOTES}":
        found.add(at)
    if not found and text[begun : begun + 1] in {"{", "[", '"', "'"}:
        last = re.search(rf"[{_CLOSE}{_QUOTES}](?={_BLANK}*,?{_BLANK}*$)", text[begun:], re.MULTILINE)
        found.update({begun + last.start()} if last else ())
    return sorted(found)


def _refuse_in_keys(mapping: Mapping, problems: Problems) -> None:
    for key, value in mapping.entries.values():
        nothing = isinstance(value, Scalar) and not value.raw
        culprits = [] if key.raw.isascii() else _in_key(key.raw, nothing=nothing)
        if not _blame(key, culprits, problems):
            continue
        problems.settle(mapping.place, value.place)
        if twin(key.raw[0]) in {" ", "-"}:  # what should stand below a key stands beside it
            for other, empty in mapping.entries.values():
                if isinstance(empty, Scalar) and not empty.raw:
                    problems.settle(other.place, empty.place)


def _is_torn(item: Node) -> bool:
    """Say whether an item begins with a bracket that is none, so that what follows is taken for other items."""
    return isinstance(item, Mapping) and any(key[:1] in _OPEN for key in item.entries if key)


def _in_key(raw: str, *, nothing: bool) -> list[int]:
    """Return the offsets in a key; one without a value may be a whole entry whose colon is none."""
    if sign := _COMMENT.match(raw) or _INVISIBLE.search(raw):
        return [sign.end() - 1]
    entry = f"{raw}:"
    known = list(_in_entries(entry, _known_keys()))
    head = _entries(_ANY_KEY).match(entry)
    first = [] if head is None else list(_odd_in(head))
    if not nothing:
        return known or [index for index in first if raw[index] not in _COLONS]
    return sorted({*known, *first}) if known or not first else list(_in_entries(entry, _ANY_KEY))


def _in_value(name: str, node: Scalar, *, direct: bool) -> list[int]:
    raw = node.raw
    if sign := _BLOCK_SIGN.match(raw):
        return [sign.end() - 1]
    if direct and name in _DICTS:
        return list(_in_entries(raw, _known_keys())) or list(_in_entries(raw, _ANY_KEY)) or _in_brackets(raw)
    if direct and name in _LISTS:
        bullet = _BULLET.match(raw)
        return _of_items(raw) or ([bullet.end() - 2] if bullet else _in_brackets(raw))
    if keys := _keys_below(name):
        first = _entries(keys).match(raw)
        return list(_in_entries(raw, keys)) if first is not None and any(_odd_in(first)) else []
    return []


def _of_items(text: str) -> list[int]:
    """Return the offsets of dashes that are none, and of strange spaces after a dash."""
    dashes = (match.end() - 1 for match in _DASH.finditer(text))
    return [index + 1 if text[index] == "-" else index for index in dashes]


def _in_brackets(raw: str) -> list[int]:
    if raw[0] not in _OPEN:
        return []
    return [index for index, char in enumerate(raw) if char in f"{_OPEN}{_CLOSE}{_COMMAS}"]


def _odd_numbers(block: Mapping) -> Iterator[Scalar]:
    for _, _, node in walk(block):
        if not isinstance(node, Scalar) or not node.plain or node.raw.isascii():
            continue
        if _NUMBER.fullmatch(unicodedata.normalize("NFKC", node.raw).strip()):
            yield node


def _twins_in(raw: str) -> list[int]:
    return [index for index, char in enumerate(raw) if twin(char)][:1]


def _blame(node: Scalar, indexes: Iterable[int], problems: Problems) -> bool:
    """Note the signs at these offsets of a scalar, and that nothing else is to be said of it."""
    places = [(node.place_of(index), node.raw[index]) for index in indexes]
    for place, char in places:
        problems.add(place, told(char))
    if places:
        problems.settle(node.place)
    return bool(places)


@cache
def _known_keys() -> str:
    models: list[type[Section]] = [*SECTIONS.values(), PersonasFile, QuestionFile]
    return _one_of({*(key for model in models for key in known_keys(model)), *KNOWN, *PASSED})


@cache
def _keys_below(name: str) -> str | None:
    """Return the keys of the mapping that may stand below a key in the place of a text."""
    return _one_of(known_keys(SECTIONS[name])) if name in SECTIONS else None


def _one_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))


@cache
def _entries(keys: str) -> re.Pattern[str]:
    """Return the pattern of an entry's head, with all that may be written for its signs."""
    return re.compile(
        rf"(?P<before>(?:^{_BLANK}*|[,{{\[{_COMMAS}{_OPEN}]{_BLANK}*)(?:[-{_DASHES}]{_BLANK}+)*[{{\[{_OPEN}]*)"
        rf"(?P<quote>[\"'{_QUOTES}]?)(?P<key>{keys})(?P<unquote>[\"'{_QUOTES}]?)(?P<pad>{_BLANK}*)"
        rf"(?P<colon>[:{_COLONS}])(?P<after>[{_SPACES}]?)",
        re.MULTILINE,
    )


def _in_entries(text: str, keys: str) -> Iterator[int]:
    """Yield the offsets in the heads of entries, and of the brackets around a list or mapping that follows."""
    for entry in _entries(keys).finditer(text):
        yield from _odd_in(entry)
        if entry["key"] in _LISTS | _DICTS and (bracket := _BRACKET.match(text, entry.end())):
            yield bracket.end() - 1
            if closing := _LAST_BRACKET.search(text, bracket.end()):
                yield closing.start()


def _odd_in(entry: re.Match[str]) -> Iterator[int]:
    if bool(entry["quote"]) != bool(entry["unquote"]):  # a quoted text, not a quoted key
        return
    for part in ("before", "quote", "unquote", "pad", "colon"):
        yield from (index for index in range(*entry.span(part)) if not entry.string[index].isascii())
    if entry["colon"] == ":":
        yield from range(*entry.span("after"))


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
        elif (opened := _OPEN_QUOTE.search(line)) and opened[1] in text[offset:]:
            quote = opened[1]
    return "\n".join(lines)
