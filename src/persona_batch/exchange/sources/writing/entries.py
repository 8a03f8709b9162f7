"""What was found → entries of our files: texts made fit to stand there, secrets left out, ids given."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias

from persona_batch.chat import JsonValue
from persona_batch.config.names import id_from_stem, id_from_text
from persona_batch.config.problems import quote
from persona_batch.credentials import find_key, has_key, is_key_name, is_reference
from persona_batch.exchange.sources.found import FoundExample, FoundPersona, FoundQuestion
from persona_batch.exchange.sources.variables import places_in
from persona_batch.exchange.sources.writing.fitting import fitting_checks, fitting_params
from persona_batch.exchange.sources.writing.given import Given
from persona_batch.exchange.sources.writing.naming import Names, Renamed

Entry: TypeAlias = dict[str, JsonValue]

IMPORTED = "imported"
_DEEPEST = 16  # levels of `imported`; what is deeper stands there as JSON text
_LONGEST_KEY = 200
_LONGEST_NAME = 160  # of an attribute: with escapes, YAML takes 1,024 characters before a colon
_MOST_PLACES = 1000
_PLACES_TOLD = 8
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_LONG_WORD = re.compile(r"[A-Za-z0-9_./+-]{20,}")
_COMMENT = re.compile(r"(?m)(?:^|(?<=[ \t]))#.+")  # what our reader looks at besides: any text after a #


class LeftOut(Exception):
    """Something that cannot stand in our files; the message says why."""


@dataclass(slots=True)
class Told:
    """What happened to the texts and names of one source, for its notes.

    `long`: its entries are rows of a table, in which only long words are taken for keys. `places` are those to be
    filled in, of which `macros` (`{{…}}`) were told already.
    """

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    long: bool = False
    macros: bool = False
    places: dict[str, None] = field(default_factory=dict)
    personas: Renamed = field(default_factory=Renamed)
    questions: Renamed = field(default_factory=Renamed)

    def add(self, what: str, where: str) -> None:
        """Note something; `where` is told of the first only."""
        self.counts[what] = self.counts.get(what, 0) + 1
        self.first.setdefault(what, where)

    def places_of(self, text: str) -> None:
        """Note the places in a text that is sent which another tool would fill in."""
        if len(self.places) < _MOST_PLACES:
            self.places.update((place, None) for place in places_in(text) if not (self.macros and place[:2] == "{{"))

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each kind of thing."""
        if self.places:
            shown = [quote(place) for place in islice(self.places, _PLACES_TOLD)]
            more = len(self.places) - len(shown)
            several = f" and {more:,} more" if more else ""
            yield f"not filled in, and sent as it stands: {', '.join(shown)}{several}"
        for what, count in self.counts.items():
            yield f"{what}: {self.first[what]}{f' and {count - 1:,} more' if count > 1 else ''}"
        for renamed, noun in ((self.personas, "personas"), (self.questions, "questions")):
            if sentence := renamed.sentence(noun):
                yield sentence


def clean(text: str, told: Told, where: str) -> str:
    """Return a text as it can stand in a file: NUL and halves of surrogate pairs become U+FFFD, which is noted.

    Raises:
        LeftOut: it holds what looks like an API key.
    """
    if _NO_TEXT.search(text):
        told.add("NUL or half a surrogate pair, which no text holds, became U+FFFD", where)
        text = _NO_TEXT.sub("\ufffd", text)
    if told.long and _LONG_WORD.search(text) is None:
        return text
    if has_key(text) or any(find_key(part[0]) is not None for part in _COMMENT.finditer(text)):
        raise LeftOut("what looks like an API key stands in it")
    return text


def kept(imported: Mapping[str, JsonValue] | None, told: Told, where: str) -> Entry:
    """Return `imported` as an entry's part, without secrets; empty where there is nothing to keep."""
    if not imported:
        return {}
    safe = {key: _safe(value, key, told, where, 1) for key, value in imported.items()}
    known = {key: value for key, value in safe.items() if value is not _SECRET and _fits_key(key)}
    odd = {key: value for key, value in safe.items() if value is not _SECRET and not _fits_key(key)}
    if odd:
        known["entries"] = json.dumps(odd, ensure_ascii=True)
    return {IMPORTED: known} if known else {}


_SECRET: Final[Any] = object()


def _safe(value: JsonValue, key: str, told: Told, where: str, depth: int) -> JsonValue:
    """Return a value that YAML and our reader take, whatever it was."""
    if isinstance(value, str):
        secret = is_key_name(key) and value and not is_reference(value)
        if not secret:
            try:
                return clean(value, told, where)
            except LeftOut:
                pass
        told.add(f"left out, as it looks like a secret: `{IMPORTED}`", f"{quote(key)} of {where}")
        return _SECRET
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        if depth >= _DEEPEST:
            return _safe(_as_json(value), key, told, where, depth)
        items = (_safe(item, key, told, where, depth + 1) for item in value)
        return [item for item in items if item is not _SECRET]
    if isinstance(value, Mapping):
        if depth >= _DEEPEST or not all(_fits_key(name) for name in value):
            return _safe(_as_json(value), key, told, where, depth)
        entries = {name: _safe(item, name, told, where, depth + 1) for name, item in value.items()}
        return {name: item for name, item in entries.items() if item is not _SECRET}
    return _safe(str(value), key, told, where, depth)  # a date of YAML


def _as_json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=True, default=str)


def _fits_key(key: object) -> bool:
    return isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY and key.isprintable() and not has_key(key)


@dataclass(slots=True)
class Entries:
    """Makes entries of one source's personas and questions; `stem` is that of its file."""

    names: Names
    stem: str
    told: Told = field(default_factory=Told)

    def persona(self, one: FoundPersona, number: int, asked: Sequence[JsonValue]) -> Entry:
        """Return the entry of a persona; `asked` is what stands under its `questions`.

        Raises:
            LeftOut: it cannot stand in our files.
        """
        where = quote(one.id or one.name or f"persona {max(number, 1)}")
        entry: Entry = {"id": ""}
        for key, said in (("name", one.name), ("description", one.description)):
            if said is not None:
                entry[key] = clean(said, self.told, where)
        entry |= self._system(one, where)
        if turns := list(self._examples(one.examples or (), where)):
            entry["examples"] = turns
        held, others = self._held(one, where)
        entry |= held
        named = {name: value for name, value in (one.attributes or {}).items() if len(name) <= _LONGEST_NAME}
        if named:
            entry["attributes"] = {
                clean(name, self.told, where): clean(value, self.told, where) for name, value in named.items()
            }
        if one.controls is not None:
            entry["controls"] = list(one.controls)
        if one.control is not None:
            entry["control"] = one.control
        if asked:
            entry["questions"] = list(asked)
        odd = {name: value for name, value in (one.attributes or {}).items() if name not in named}
        entry |= kept({**(one.imported or {}), **others, **odd}, self.told, where)
        entry["id"] = self.names.persona(one.id, self.stem, number, self.told.personas)
        return entry

    def _system(self, one: FoundPersona, where: str) -> Entry:
        """Return the prompt, or several, and the placement."""
        if one.system is None or one.placement == "none":
            return {"placement": "none"}
        written = [one.system] if isinstance(one.system, str) else one.system
        variants = list(dict.fromkeys(clean(text, self.told, where) for text in written))
        for text in variants:
            self.told.places_of(text)
        if len(variants) < len(written):
            self.told.add("wordings that stand twice are asked once", where)
        if not variants:
            return {"placement": "none"}
        placement = {} if one.placement is None else {"placement": one.placement}
        return {"system": variants if len(variants) > 1 else variants[0], **placement}

    def _held(self, one: FoundPersona | FoundQuestion, where: str) -> tuple[Entry, dict[str, JsonValue]]:
        """Return params and checks, as far as they can stand in a file, and what is to be kept of the others."""
        held: Entry = {}
        others: dict[str, JsonValue] = {}
        params, refused = fitting_params(one.params or {})
        checks, strange = fitting_checks(one.checks or ())
        for written in refused:
            self.told.add("a parameter that no file of ours may hold is kept, not sent", f"{written} of {where}")
        for written in strange:
            self.told.add("a check that no file of ours may hold is kept, not made", f"{written} of {where}")
        if params:
            held["params"] = params
        if checks:
            held["checks"] = checks
        if refused:
            others["params"] = {name: value for name, value in (one.params or {}).items() if name not in params}
        if strange:
            others["checks"] = [check for check in one.checks or () if check not in checks]
        return held, {name: value for name, value in others.items() if name not in (one.imported or {})}

    def _examples(self, turns: Sequence[FoundExample], where: str) -> Iterator[Entry]:
        """Yield the turns that can stand in a file."""
        for turn in turns:
            if not turn.assistant or turn.user == "":
                self.told.add("an example without one of its sides was left out", where)
                continue
            user = {} if turn.user is None else {"user": clean(turn.user, self.told, where)}
            example = {**user, "assistant": clean(turn.assistant, self.told, where)}
            for text in example.values():
                self.told.places_of(text)
            yield example

    def question(self, one: FoundQuestion, within: Given) -> Entry:
        """Return the entry of a question; `within` are the ids of the list it is put into.

        Raises:
            LeftOut: it cannot stand in our files, or is empty.
        """
        where = quote(one.id or one.text or "a question")
        said = [one.text or ""] if one.turns is None else one.turns
        texts = [clean(text, self.told, where) for text in said]
        if not texts or not all(text.strip() for text in texts):
            raise LeftOut("the question is empty")
        for text in texts:
            self.told.places_of(text)
        entry: Entry = {"id": "", **({"text": texts[0]} if one.turns is None else {"turns": texts})}
        for key, value in (("probe", one.probe), ("speaker", one.speaker), ("answer", one.answer)):
            if value is not None:
                entry[key] = clean(value, self.told, where)
        if one.cluster is not None:
            entry["cluster"] = id_from_stem(one.cluster) or id_from_text(one.cluster)
        held, others = self._held(one, where)
        entry |= held
        content = content_of(entry)
        entry |= kept({**(one.imported or {}), **others}, self.told, where)
        entry["id"] = self.names.question(one.id, texts[0], content, within, self.stem, self.told.questions)
        if one.id is None and entry["id"] != id_from_text(texts[0]):
            self.told.add("the id that the text would give stands already; the question has another", quote(texts[0]))
        return entry


def content_of(entry: Entry) -> int:
    """Return a hash, in this process and from 0 to 2⁶⁴, of all that a question says besides its id."""
    said = {key: value for key, value in entry.items() if key not in ("id", IMPORTED)}
    return hash(json.dumps(said, sort_keys=True, ensure_ascii=False)) % 2**64


def as_item(entry: Entry, *, in_persona: bool) -> JsonValue:
    """Return a question as it stands in a list: its text alone, where that says it all.

    In a persona's list a text may be taken for the name of a file, so there it is always an entry.
    """
    plain = not in_persona and entry.keys() == {"id", "text"} and entry["id"] == id_from_text(entry["text"])
    return entry["text"] if plain else entry
