"""Signs that look like YAML's and are none: what an input method for Chinese or a word processor writes.

Each is known with the ASCII sign that it stands for, and found where a piece of a file has structure: in the heads of
entries, before items, around lists and names. What a text between them holds is nobody's business here.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from persona_batch.config.format import SECTIONS, PersonasFile, QuestionFile
from persona_batch.config.params import KNOWN, PASSED
from persona_batch.config.section import Section, known_keys

# Parts of character classes: these may stand between `[` and `]` in a pattern.
SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
DASHES = "－﹣−"
_BULLETS = "–—•·"
COLONS = "：﹕∶︰"
COMMAS = "，﹐、；"
OPENING, CLOSING = "｛［【（〔", "｝］】）〕"
QUOTES = "“”„‟‘’‚「」『』＂＇"

# Signs whose compatibility form (Unicode's NFKC) is not the ASCII sign that they stand for.
_TWINS = dict.fromkeys("“”„‟「」『』", '"') | dict.fromkeys("‘’‚", "'") | dict.fromkeys("−–—•·", "-")
_TWINS |= {"∶": ":", "︰": ":", "、": ",", "【": "[", "】": "]", "〔": "[", "〕": "]", "。": "."}
_WRITTEN = {":": "`: `", ",": "`, `", ";": "`, `", "-": "`- `", " ": "a plain space", "(": "`[`", ")": "`]`"}

BLANK = rf"[ \t{SPACES}]"
ANY_KEY = r"[^\W_][\w.\-]*"
_DASH = re.compile(rf"^{BLANK}*(?:-(?=[{SPACES}])|[{DASHES}](?={BLANK}))", re.MULTILINE)
BULLETS = rf"{DASHES}{_BULLETS}"
BULLET = re.compile(rf"^{BLANK}*[{_BULLETS}]{BLANK}")
COMMENT = re.compile(rf"^{BLANK}*[＃﹟]", re.MULTILINE)
BLOCK_SIGN = re.compile(rf"(?:^|[:{COLONS}\-]{BLANK}+)[｜＞](?=[\-+－＋]?{BLANK}*$)", re.MULTILINE)
_BRACKET = re.compile(rf"{BLANK}*[{OPENING}]")
_LAST_BRACKET = re.compile(rf"[{CLOSING}](?={BLANK}*$)", re.MULTILINE)

IN_QUOTES = re.compile(rf"[{QUOTES}][^{QUOTES}]+[{QUOTES}]")
_SEVERAL_IN_QUOTES = re.compile(rf"{IN_QUOTES.pattern}(?:{BLANK}*[{COMMAS}]{BLANK}*{IN_QUOTES.pattern})+")

LISTS = frozenset({"personas", "questions", "examples", "checks", "controls", "turns"})
DICTS = frozenset({"params", "attributes", "run", "limits", "extra_body", "extra_headers"})


def twin(char: str) -> str | None:
    """Return the ASCII sign that a character looks like, None where there is none."""
    if char.isascii():
        return None
    form = _TWINS.get(char) or unicodedata.normalize("NFKC", char)
    return form if len(form) == 1 and form.isascii() else None


def told(char: str, *, in_word: bool = False) -> str:
    """Return the message about a character, in a word or number or between them: its name, and what to write."""
    name = unicodedata.name(char, "character").lower().replace("fullwidth", "full-width")
    shown = f" `{char}`" if char.isprintable() else ""
    sign = twin(char)
    written = f"`{sign}`" if in_word and sign != " " else _WRITTEN.get(sign or "", f"`{sign}`")
    remedy = "delete it" if sign is None else f"write {written}"
    return f"{name}{shown} (U+{ord(char):04X}); {remedy}"


@cache
def known_words() -> str:
    """Return all keys of all files, as one alternative of a pattern."""
    models: list[type[Section]] = [*SECTIONS.values(), PersonasFile, QuestionFile]
    return _one_of({*(key for model in models for key in known_keys(model)), *KNOWN, *PASSED})


@cache
def words_below(name: str) -> str | None:
    """Return the keys of the mapping that may stand below a key in the place of a text."""
    return _one_of(known_keys(SECTIONS[name])) if name in SECTIONS else None


@cache
def heads(keys: str) -> re.Pattern[str]:
    """Return the pattern of an entry's head, with all that may be written for its signs.

    It takes few brackets in a row: more would be looked through anew from each of them.
    """
    return re.compile(
        rf"(?P<before>(?:^{BLANK}*|[,{{\[{COMMAS}{OPENING}]{BLANK}*)(?:[-{DASHES}]{BLANK}+)*[{{\[{OPENING}]{{0,9}})"
        rf"(?P<quote>[\"'{QUOTES}]?)(?P<key>{keys})(?P<unquote>[\"'{QUOTES}]?)(?P<pad>{BLANK}*)"
        rf"(?P<colon>[:{COLONS}])(?P<after>[{SPACES}]?)",
        re.MULTILINE,
    )


def in_entries(text: str, keys: str) -> Iterator[int]:
    """Yield the offsets in the heads of entries, and of the brackets around a list or mapping that follows."""
    for entry in heads(keys).finditer(text):
        yield from odd_in(entry)
        if entry["key"] in LISTS | DICTS and (bracket := _BRACKET.match(text, entry.end())):
            yield bracket.end() - 1
            if closing := _LAST_BRACKET.search(text, bracket.end()):
                yield closing.start()


def odd_in(entry: re.Match[str]) -> Iterator[int]:
    """Yield the offsets of what is no ASCII in the head of an entry, its key aside."""
    if bool(entry["quote"]) != bool(entry["unquote"]):  # a quoted text, not a quoted key
        return
    for part in ("before", "quote", "unquote", "pad", "colon"):
        yield from (index for index in range(*entry.span(part)) if not entry.string[index].isascii())
    if entry["colon"] == ":":
        yield from range(*entry.span("after"))


def of_items(text: str) -> list[int]:
    """Return the offsets of dashes that are none, and of strange spaces after a dash."""
    dashes = (match.end() - 1 for match in _DASH.finditer(text))
    return [index + 1 if text[index] == "-" else index for index in dashes]


def of_quotes(raw: str) -> list[int]:
    """Return the offsets of quotes, and of commas between them, in what is nothing but texts in quotes."""
    if not _SEVERAL_IN_QUOTES.fullmatch(raw):
        return []
    return [match.start() for match in re.finditer(rf"[{QUOTES}]|(?<=[{QUOTES}])[{COMMAS}]", raw)]


def around_name(raw: str, *, listed: bool) -> list[int]:
    """Return the offset of the first sign around a name, or between names that are to be `listed`."""
    between = f"|[{COMMAS}]" if listed else ""
    strange = re.search(rf"^[{QUOTES}{OPENING}{SPACES}]|[{SPACES}]${between}", raw)
    return [] if strange is None else [strange.start()]


def in_brackets(raw: str) -> list[int]:
    """Return the offsets of brackets and commas in what begins with a bracket that is none."""
    if raw[0] not in OPENING:
        return []
    return [index for index, char in enumerate(raw) if char in f"{OPENING}{CLOSING}{COMMAS}"]


def firsts(text: str, indexes: Iterable[int]) -> list[int]:
    """Return the offsets in order, of one sign several times in a row the first."""
    found = set(indexes)
    return sorted(index for index in found if index - 1 not in found or text[index - 1] != text[index])


def _one_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))
