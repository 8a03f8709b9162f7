"""The fields of a foreign document: each taken once and by its type; what is taken by nobody stays, to be kept."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.wording import counted, listed

_KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
_DATA_URI = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{2000,}={0,2}")
_SHORT = 300  # characters of a data URI that may stay
_DEEPEST = 16


@dataclass(slots=True)
class Fields:
    """What a mapping of a source says; `notes` get a sentence for each value of a wrong type."""

    data: Mapping[str, JsonValue]
    notes: list[str]
    taken: set[str] = field(default_factory=set)

    def text(self, *names: str) -> str:
        """Return the first of these that says something, as it is; empty: none does."""
        for name in names:
            value = self.data.get(name)
            if isinstance(value, str):
                self.taken.add(name)
                if value:
                    return value
            elif value is not None:
                self._wrong(name, "text", value)
        return ""

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; what is none in it is noted, and the list stays to be kept."""
        value = self.data.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list):
            self._wrong(name, "a list", value)
            return []
        if len(found := [item for item in value if isinstance(item, str)]) < len(value):
            self.notes.append(f"`{name}` holds {counted(len(value) - len(found), 'item')} that are no text")
        return found

    def mapping(self, name: str) -> Mapping[str, JsonValue]:
        """Return a mapping; empty: there is none."""
        value = self.data.get(name)
        if isinstance(value, dict):
            return value
        if value is not None:
            self._wrong(name, "a mapping", value)
        return {}

    def mappings(self, name: str) -> Iterator[Mapping[str, JsonValue]]:
        """Yield the mappings of a list; what is none in it is noted."""
        value = self.data.get(name)
        if isinstance(value, dict):  # as SillyTavern's own files have their entries, by number
            value = list(value.values())
        if value is not None and not isinstance(value, list):
            self._wrong(name, "a list", value)
            return
        strange = 0
        for item in value or ():
            if isinstance(item, dict):
                yield item
            else:
                strange += 1
        if strange:
            self.notes.append(f"`{name}` holds {counted(strange, 'item')} that are no mappings")

    def take(self, *names: str) -> None:
        """Note that what these say is carried over, or says nothing."""
        self.taken.update(names)

    def rest(self) -> dict[str, JsonValue]:
        """Return what nobody took and is not empty, pictures and other data in base64 left out, which is noted."""
        kept = {name: value for name, value in self.data.items() if name not in self.taken and not _is_empty(value)}
        return without_blobs(kept, self.notes)

    def _wrong(self, name: str, expected: str, value: JsonValue) -> None:
        sentence = f"`{one_line(name)}` is {_KINDS.get(type(value), 'a value')}, not {expected}; it is kept, not sent"
        if sentence not in self.notes:
            self.notes.append(sentence)


def without_blobs(kept: Mapping[str, JsonValue], notes: list[str]) -> dict[str, JsonValue]:
    """Return values with a word in the place of base64 data, which may be megabytes."""
    sizes: list[int] = []

    def small(value: JsonValue, depth: int) -> JsonValue:
        if isinstance(value, str):
            uri = _DATA_URI.match(value) if len(value) > _SHORT else None
            if uri is None and not _BASE64.fullmatch(value):
                return value
            sizes.append(len(value))
            return f"{uri[0] if uri else ''}… ({len(value):,} characters left out)"
        if depth >= _DEEPEST:
            return value
        if isinstance(value, list):
            return [small(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {name: small(item, depth + 1) for name, item in value.items()}
        return value

    made = {name: small(value, 0) for name, value in kept.items()}
    if sizes:
        notes.append(f"data in base64 is left out: {counted(len(sizes), 'value')}, {sum(sizes):,} characters")
    return made


def kept_note(kept: Mapping[str, JsonValue], notes: list[str]) -> None:
    """Note what is kept under `imported`, by name."""
    if kept:
        notes.append(f"kept under `imported`, not sent: {listed([f'`{one_line(name)}`' for name in kept], 12)}")


def one_line(text: str) -> str:
    """Return a name or text as it can stand in a sentence."""
    return quote(text[:200], 40)[1:-1]


def _is_empty(value: JsonValue) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)
