"""Full-width signs, curly quotes and strange spaces in a file that YAML can read, where its structure needs others.

`system：你好` has no key, `－ 你好` is no item and an ideographic space is no indentation, though all look right. They
are refused there and only there: prompts and questions are full of them. (`malformed` has the files that cannot be
read.)
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from persona_batch.config import signs
from persona_batch.config.comments import PROSE
from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, Walked, walk
from persona_batch.config.problems import Place, Problems

_BARE_BULLETS = re.compile(rf"^{signs.BLANK}*[{signs.BULLETS}]", re.MULTILINE)
_COMMA_WITHIN = re.compile(rf"(?<=.)[{signs.COMMAS}](?=.)")
_FILE = re.compile(rf"\.ya?ml[{signs.QUOTES}]?$", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)
_NAMES = frozenset({"model", "provider", "file", "api_key_env"})


def refuse(nodes: Walked, problems: Problems) -> None:
    """Note the signs in a file that YAML can read, in keys and where a list, a mapping or a number is due."""
    for name, key, node in nodes:
        if isinstance(node, Mapping):
            _refuse_in_keys(node, problems)
        elif isinstance(node, Scalar) and node.plain and not node.raw.isascii():
            _blame(node, _in_value(name, node, direct=key is not None), problems)
        elif isinstance(node, Sequence) and node.brackets:
            _refuse_between(name, node, problems)
        if name in {"params", "extra_body"} and isinstance(node, Mapping):
            for number in _odd_numbers(node):
                _blame(number, _twins_in(number.raw), problems, in_word=True)
    for _, _, node in nodes:  # at last, for the place of an entry is that of its first key
        if isinstance(node, Sequence) and any(_is_torn(item) for item in node.items):
            problems.settle(*(item.place for item in node.items))


def doubtful(nodes: Walked) -> Iterator[tuple[Place, str]]:
    """Yield what may be text and looks like YAML's signs: one text in brackets that has a comma, a text in quotes."""
    for name, _, node in nodes:
        part = PROSE.get(name)
        if part is None:
            continue
        if isinstance(node, Sequence) and node.brackets and len(node.items) == 1:
            item = node.items[0]
            comma = _COMMA_WITHIN.search(item.raw) if isinstance(item, Scalar) and item.plain else None
            if isinstance(item, Scalar) and comma is not None:
                sign = signs.told(comma[0])
                yield item.place_of(comma.start()), f"{sign} if a new item begins here: it is a part of {part} as it is"
        elif isinstance(node, Scalar) and node.plain and signs.IN_QUOTES.fullmatch(node.raw):
            yield node.place, f"{signs.told(node.raw[0])} if it is no part of {part}, and the other one likewise"


def refuse_at_top(root: Scalar, problems: Problems) -> bool:
    """Note the signs in a file that is nothing but text to YAML; say whether there were any."""
    found = {*signs.in_entries(root.raw, signs.known_words())} if root.plain else set()
    return _blame(root, sorted(found | set(signs.of_items(root.raw)) if found else found), problems)


def refuse_in_name(node: Node, problems: Problems, *, listed: bool = False) -> bool:
    """Note a sign around a name, or between names that are to be `listed`; say whether there was one."""
    if not isinstance(node, Scalar) or not node.plain:
        return False
    return _blame(node, signs.around_name(node.raw, listed=listed), problems)


def refuse_in_word(node: Node, problems: Problems) -> bool:
    """Note the first sign with an ASCII twin in a number or a fixed word; say whether there was one."""
    if node.place in problems.settled:
        return True
    return isinstance(node, Scalar) and _blame(node, _twins_in(node.raw), problems, in_word=True)


def _refuse_between(name: str, node: Sequence, problems: Problems) -> None:
    for item in node.items:
        if isinstance(item, Scalar) and item.plain:
            within = [match.start() for match in _COMMA_WITHIN.finditer(item.raw)] if name == "stop" else []
            _blame(item, signs.of_quotes(item.raw) or within, problems)


def _refuse_in_keys(mapping: Mapping, problems: Problems) -> None:
    for key, value in mapping.entries.values():
        nothing = isinstance(value, Scalar) and not value.raw
        culprits = [] if key.raw.isascii() else _in_key(key.raw, nothing=nothing)
        if not _blame(key, culprits, problems):
            continue
        problems.settle(mapping.place)
        if nothing:
            problems.settle(value.place)
        if key.raw[0] in signs.QUOTES and isinstance(value, Scalar) and value.plain and value.raw:
            _blame(value, [index for index in (0, len(value.raw) - 1) if value.raw[index] in signs.QUOTES], problems)
        if signs.twin(key.raw[0]) in {" ", "-"}:  # what should stand below a key stands beside it
            for other, lacking in mapping.entries.values():
                problems.settle(*(below.place for _, _, below in walk(lacking) if isinstance(below, Mapping)))
                if isinstance(lacking, Scalar) and not lacking.raw:
                    problems.settle(other.place, lacking.place)


def _is_torn(item: Node) -> bool:
    """Say whether an item begins with a bracket that is none, so that what follows is taken for other items."""
    return isinstance(item, Mapping) and any(key[:1] in signs.OPENING for key in item.entries if key)


def _in_key(raw: str, *, nothing: bool) -> list[int]:
    """Return the offsets in a key; one without a value may be a whole entry whose colon is none."""
    if sign := signs.COMMENT.match(raw) or _INVISIBLE.search(raw):
        return [sign.end() - 1]
    entry = f"{raw}:"
    known = list(signs.in_entries(entry, signs.known_words()))
    head = signs.heads(signs.ANY_KEY).match(entry)
    first = [] if head is None else list(signs.odd_in(head))
    if not nothing:
        return known or [index for index in first if raw[index] not in signs.COLONS]
    return sorted({*known, *first}) if known or not first else list(signs.in_entries(entry, signs.ANY_KEY))


def _in_value(name: str, node: Scalar, *, direct: bool) -> list[int]:
    raw = node.raw
    if sign := signs.BLOCK_SIGN.match(raw):
        return [sign.end() - 1]
    if direct and name in signs.DICTS:
        known = list(signs.in_entries(raw, signs.known_words()))
        return known or list(signs.in_entries(raw, signs.ANY_KEY)) or signs.in_brackets(raw)
    if direct and name in signs.LISTS:
        bullet = signs.BULLET.match(raw)
        bare = [match.end() - 1 for match in _BARE_BULLETS.finditer(raw)] if raw[0] in signs.BULLETS else []
        return signs.of_items(raw) or ([bullet.end() - 2] if bullet else bare or signs.in_brackets(raw))
    if keys := signs.words_below(name):
        first = signs.heads(keys).match(raw)
        if first is not None and any(True for _ in signs.odd_in(first)):
            return list(signs.in_entries(raw, keys))
    if name in _NAMES or (name == "questions" and _FILE.search(raw)):
        return signs.around_name(raw, listed=True)
    return []


def _odd_numbers(block: Mapping) -> Iterator[Scalar]:
    for _, _, node in walk(block):
        if not isinstance(node, Scalar) or not node.plain or node.raw.isascii():
            continue
        if _NUMBER.fullmatch(unicodedata.normalize("NFKC", node.raw).strip().replace("。", ".")):
            yield node


def _twins_in(raw: str) -> list[int]:
    twins = (index for index, char in enumerate(raw) if signs.twin(char))
    return [index for index in twins if raw[index] != "。" or raw[:index].isdecimal()][:1]


def _blame(node: Scalar, indexes: Iterable[int], problems: Problems, *, in_word: bool = False) -> bool:
    """Note the signs at these offsets of a scalar, and that nothing else is to be said of it."""
    first = signs.firsts(node.raw, indexes)
    for index in first:
        problems.add(node.place_of(index), signs.told(node.raw[index], in_word=in_word))
    if first:
        problems.settle(node.place)
    return bool(first)
