"""The light pass over the records of some runs that comes before their table: how many rows, and which columns.

It keeps names and keys, and no replies: some 25 bytes a record.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.plan.key import KeySet
from persona_batch.record import Record
from persona_batch.record.record import CheckResult
from persona_batch.record.standing import StandingRecords

MOST = 400  # columns of a kind (attributes, factors, checks); SQLite takes 2,000 in all
MOST_ARGUMENTS = 40  # of the checks of one name; where they are more, each question has its own

Kind: TypeAlias = Literal["text", "integer", "real", "boolean", "time", "json"]
CheckName: TypeAlias = tuple[str, str | None]  # what a record calls it, and its argument; None: whatever it is

_KINDS: dict[type, Kind] = {str: "text", int: "integer", float: "real", bool: "boolean"}

as_json = msgspec.json.Encoder(order="sorted").encode


class _Part(msgspec.Struct):
    checks: list[CheckResult] = msgspec.field(default_factory=list)


class _Head(msgspec.Struct):
    key: str
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    factors: dict[str, JsonValue] = msgspec.field(default_factory=dict)
    checks: list[CheckResult] = msgspec.field(default_factory=list)
    turns: list[_Part] | None = None
    probes: list[_Part] | None = None


@dataclass
class Survey:
    """What was found; names stand in the order in which they were met.

    `factors` have the kind of all their levels. By run: `counts` of the records, and `replaced`: of each key that
    stands in several lines, the byte at which the last of them begins, which counts. `texts` are what the user said
    first, by question, as far as they were wanted.
    """

    attributes: dict[str, None] = field(default_factory=dict)
    factors: dict[str, Kind | None] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)
    replaced: list[dict[str, int]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    _labels: dict[str, dict[str, str]] = field(default_factory=dict)  # of checks, by name and argument
    _beside: set[str] = field(default_factory=set)  # names of checks of which one reply is held to several

    def read(
        self, standing: StandingRecords, *, texts: bool = False, seen: Callable[[Record], Record] | None = None
    ) -> None:
        """Take in the records of a run.

        Args:
            standing: its records.
            texts: what the questions are is to be learned from them.
            seen: what a record is taken for; None: for what it is.

        Raises:
            UsageError: a line is no record.
        """
        keys, replaced, count = KeySet(), dict[str, int](), 0
        heads = self._whole(standing, seen) if texts or seen is not None else standing.heads(_Head)
        for place, head in heads:
            if keys.add(hashlib.blake2b(head.key.encode(), digest_size=16).hexdigest()):  # any text may be a key
                count += 1
            else:
                replaced[head.key] = place
            if head.attributes and len(self.attributes) <= MOST:
                self.attributes.update(dict.fromkeys(head.attributes))
            for name, level in head.factors.items():
                if name in self.factors or len(self.factors) <= MOST:
                    self.factors[name] = _common(self.factors.get(name), level)
            for part in (head, *(head.turns or ()), *(head.probes or ())):
                self._note_checks(part.checks)
        self.counts.append(count)
        self.replaced.append(replaced)

    @property
    def checks(self) -> dict[CheckName, str]:
        """The checks that get a column, each with what it is called there.

        A name is enough, unless a reply is held to several checks of it: then each is told by its argument.
        """
        found: dict[CheckName, str] = {}
        for name, labels in self._labels.items():
            if name in self._beside and len(labels) <= MOST_ARGUMENTS:
                found.update({(name, argument): label for argument, label in labels.items()})
            else:
                found[name, None] = name
        return found

    def _whole(
        self, standing: StandingRecords, seen: Callable[[Record], Record] | None
    ) -> Iterator[tuple[int, Record]]:
        for place, record in standing.read():
            if record.question not in self.texts and (text := said_first(record)) is not None:
                self.texts[record.question] = text
            yield place, record if seen is None else seen(record)

    def _note_checks(self, results: list[CheckResult]) -> None:
        if len(results) > 1:
            names = [result.check for result in results]
            self._beside.update(name for name in names if names.count(name) > 1)
        for result in results:
            if result.check not in self._labels and len(self._labels) > MOST:
                continue
            labels = self._labels.setdefault(result.check, {})
            if len(labels) <= MOST_ARGUMENTS and (argument := argument_of(result)) not in labels:
                labels[argument] = result.label


def argument_of(result: CheckResult) -> str:
    """Return a check's argument as canonical JSON."""
    return as_json(result.expected).decode()


def said_first(record: Record) -> str | None:
    """Return what the user said first; None where the persona's prompt stands in the same message, or nothing does."""
    place = len(record.opening)
    return None if record.placement == "user" or place >= len(record.messages) else record.messages[place].content


def _common(before: Kind | None, level: JsonValue) -> Kind | None:
    """Return the kind of a factor's levels, one more of which was met."""
    if level is None:
        return before
    kind = _KINDS.get(type(level), "json")
    if before in (None, kind):
        return kind
    return "real" if {before, kind} == {"integer", "real"} else "json"
