"""Ids and names of files for what is found: valid, and each of its own within an import and its folder."""

from collections.abc import Callable
from dataclasses import dataclass, field

from persona_batch.config.built_in import BUILT_IN
from persona_batch.config.names import MAX_ID, id_from_stem, id_from_text, normalise_id
from persona_batch.config.problems import quote
from persona_batch.exchange.sources.writing.given import Given

_LONGEST_STEM = 60  # characters; four bytes each fit into a file's name
_REMEMBERED = 1_500_000  # ids of one import; behind these the row's number makes them unique
_MOST_NUMBERS = 100_000  # names of which the next free number is remembered


@dataclass(slots=True)
class Renamed:
    """Ids that could not stay as they were, for one sentence in the end."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, old: str, new: str) -> None:
        """Note that one was changed."""
        self.count += 1
        if self.count <= 3:
            self.first.append(f"{quote(old)} is {quote(new)}")

    def sentence(self, what: str) -> str:
        """Return `ids of personas: a b is a-b, and 3 more`; empty: all stayed."""
        more = f" and {self.count - 3:,} more" if self.count > 3 else ""
        return f"new ids of {what}: {', '.join(self.first)}{more}" if self.count else ""


@dataclass(slots=True)
class Names:
    """Gives ids and stems; `questions` has the ids of questions, each with what stands under it."""

    personas: Given = field(default_factory=Given)
    questions: Given = field(default_factory=Given)
    stems: set[tuple[str, str]] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)
    _further: int = 0  # questions that are no longer remembered

    def stem(self, kind: str, wanted: str) -> str:
        """Return the stem of a new file of a kind; two that differ in case only are one on some systems."""
        head = (id_from_stem(wanted) or "imported")[:_LONGEST_STEM].rstrip("._-")
        stem = self._free(head, _LONGEST_STEM, lambda name: (kind, name.casefold()) not in self.stems)
        self.stems.add((kind, stem.casefold()))
        return stem

    def persona(self, wanted: str | None, stem: str, number: int, renamed: Renamed) -> str:
        """Return the id of a persona; `number`: which of its source, from 1, and 0 where it is the only one."""
        fallback = f"{stem[:80]}-{number}" if number else stem
        head = _valid(wanted) or fallback
        if head in BUILT_IN:
            head = f"{head}-persona"
        if len(self.personas) > _REMEMBERED:
            identity = f"{head[:80]}-{number}"
        else:
            identity = self._free(head, MAX_ID, lambda name: name not in self.personas and name not in BUILT_IN)
            self.personas.add(identity)
        if wanted is not None and identity != wanted:
            renamed.add(wanted, identity)
        return identity

    def question(self, wanted: str | None, text: str, content: int, within: Given, stem: str, renamed: Renamed) -> str:
        """Return the id of a question: that of the very same question elsewhere, or one of its own.

        Args:
            wanted: as the source has it.
            text: of the question, of which an id is made where there is none.
            content: a hash of all that the question says, from 0 to 2⁶⁴.
            within: the ids in the list that it is put into; the new one is added.
            stem: of its file.
            renamed: notes a wanted id that is not given.
        """

        def free(name: str) -> bool:
            return name not in within and self.questions.under(name) in (None, content)

        identity = _valid(wanted) or id_from_text(text)
        if wanted is not None and not free(identity):
            identity = f"{stem}-{identity}"[:MAX_ID]
        if len(self.questions) > _REMEMBERED:
            self._further += 1
            identity = f"{identity[:80]}-{_REMEMBERED + self._further}"
        else:
            identity = self._free(identity, MAX_ID, free)
            self.questions.add(identity, content)
            within.add(identity)
        if wanted is not None and identity != wanted:
            renamed.add(wanted, identity)
        return identity

    def clashes_with(self, others: "Names") -> bool:
        """Say whether an id stands for something here and for something else there."""
        return self.personas.shares_with(others.personas) or self.questions.clashes_with(others.questions)

    def _free(self, head: str, longest: int, free: Callable[[str], bool]) -> str:
        """Return a name that is free, else the first of `name-2`, `name-3`, … that is."""
        if free(head):
            return head
        number = self._numbers.get(head, 2)  # of thousands of one name, none is tried twice
        while not free(name := f"{head[: longest - len(str(number)) - 1]}-{number}"):
            number += 1
        if len(self._numbers) < _MOST_NUMBERS:
            self._numbers[head] = number
        return name


def _valid(wanted: str | None) -> str | None:
    """Return an id that is valid as it is, or what is left of it."""
    if not wanted:
        return None
    try:
        return normalise_id(wanted)
    except ValueError:
        return id_from_stem(wanted)
