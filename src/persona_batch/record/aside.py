"""Entries that leave a journal, and come back, without ever being lost or doubled.

A run's records.jsonl holds one record per cell of the batch as it stands, and nothing else; so it is with any journal
of a run. Two kinds of entries leave it for a journal beside it: those that an edit made obsolete (`settle`), which
return when they belong again; and failed ones that are asked again (`move_aside`). Both move in steps of which each may
be the last:

1. what leaves is appended to the other file and synced (an entry that is there already is passed over);
2. the journal without it, and with what returns, is written beside the old one, synced and renamed over it;
3. the other file without what returned is written beside the old one, synced and renamed over it.

A process killed before 2 is done leaves the journal as it was; killed before 3, it leaves copies of lines that are
in the journal, which the next call takes out. Nobody reads the other files unasked.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from persona_batch.errors import UsageError
from persona_batch.plan.key import KeySet
from persona_batch.record.durable import AppendFile, replace_file, set_torn_aside, storage_error
from persona_batch.record.journal import E, Journal

H = TypeVar("H")


@dataclass(frozen=True, slots=True)
class Settled:
    """What `settle` moved: entries `set_aside`, `returned` and `renamed`.

    `renamed` ones stayed: only the names of what was asked, its attributes or its checks had changed.
    """

    set_aside: int = 0
    returned: int = 0
    renamed: int = 0

    def __bool__(self) -> bool:
        """Whether anything moved or was renamed."""
        return bool(self.set_aside or self.returned or self.renamed)


def settle(
    journal: Journal[E],
    aside: Journal[E],
    belonging: Callable[[E], E | None],
    before_change: Callable[[], None] = lambda: None,
) -> Settled:
    """Leave in a journal what belongs, and fetch from beside it what belongs again. Call it before anything is asked.

    Args:
        journal: what is settled; no other process may write it.
        aside: where entries go that belong no longer.
        belonging: returns an entry under the names that it has today; None: it belongs no longer.
        before_change: called once, before the first file is touched, and only if something moves.

    Raises:
        UsageError: a line is no entry.
        StorageError: it cannot be written; every entry is still in one of the files.
    """
    try:
        _mend_ends(journal, aside)
        if not journal.path.exists() and not aside.path.exists():
            return Settled()
        found = _Survey(journal, aside, belonging)
        found.look()
        if found.gone or found.renamed or len(found.returning):
            before_change()
            if found.gone:
                _append_new(aside, found.obsolete())
            replace_file(journal.path, found.staying())
        if found.copies or len(found.returning):
            replace_file(aside.path, found.still_aside())
    except OSError as error:
        raise storage_error(journal.path, error) from error
    except ValueError as error:  # a key that is none
        raise UsageError(f"{journal.path}: not a {journal.noun} of this tool: {error}") from error
    return Settled(found.gone, len(found.returning), found.renamed)


def move_aside(journal: Journal[E], aside: Journal[E], head: type[H], leaves: Callable[[H], bool]) -> int:
    """Move the entries that leave; return how many. Call it when no other process may write the journal.

    Args:
        journal: what they leave.
        aside: where they go; what has the same key there, and says something else, stays beside them.
        head: the fields of an entry by which `leaves` decides.
        leaves: whether an entry goes.

    Raises:
        StorageError: it cannot be written; every entry is still where it was.
    """
    decode = msgspec.json.Decoder(head).decode

    def goes(line: bytes) -> bool:
        try:  # torn and damaged lines stay where they are: the sink and the reader deal with them
            return line.endswith(b"\n") and leaves(decode(line))
        except msgspec.MsgspecError:
            return False

    try:
        if not journal.path.exists() or not any(map(goes, journal.lines())):
            return 0
        _mend_ends(journal, aside)
        moved = _append_new(aside, filter(goes, journal.lines()))
        replace_file(journal.path, (line for line in journal.lines() if not goes(line)))
    except OSError as error:
        raise storage_error(journal.path, error) from error
    return moved


@dataclass(slots=True)
class _Survey(Generic[E]):
    """Which lines of two journals go where.

    `beside` holds what is said in entries whose key is in both files; `copies` are those that say the same.
    """

    journal: Journal[E]
    aside: Journal[E]
    belonging: Callable[[E], E | None]
    kept: KeySet = field(default_factory=KeySet)
    returning: KeySet = field(default_factory=KeySet)
    beside: dict[str, bytes] = field(default_factory=dict)
    gone: int = 0
    renamed: int = 0
    copies: int = 0

    def look(self) -> None:
        """Look at every entry of both files."""
        there = KeySet()
        for entry in _all(self.aside):
            there.add(entry.key)
        for entry in _all(self.journal):
            named = self.belonging(entry)
            if named is None:
                self.gone += 1
                continue
            self.kept.add(entry.key)
            self.renamed += named != entry
            if entry.key in there:
                self.beside[entry.key] = self.journal.digest(entry)
        for entry in _all(self.aside):
            if entry.key in self.kept:
                self.copies += self._is_copy(entry)
            elif self.belonging(entry) is not None:
                self.returning.add(entry.key)

    def obsolete(self) -> Iterator[bytes]:
        """Yield the lines that leave the journal."""
        return (_line(entry) for entry in _all(self.journal) if self.belonging(entry) is None)

    def staying(self) -> Iterator[bytes]:
        """Yield the new lines of the journal."""
        came = KeySet()
        for entry in _all(self.journal):
            if (named := self.belonging(entry)) is not None:
                yield _line(named)
        for entry in _all(self.aside):
            if entry.key in self.returning and came.add(entry.key):
                yield _line(self.belonging(entry))

    def still_aside(self) -> Iterator[bytes]:
        """Yield the new lines of the other file: without what returned, without copies of what is in the journal."""
        went = KeySet()
        for entry in _all(self.aside):
            returned = entry.key in self.returning and went.add(entry.key)
            if not returned and not self._is_copy(entry):
                yield _line(entry)

    def _is_copy(self, entry: E) -> bool:
        return entry.key in self.beside and self.beside[entry.key] == self.aside.digest(entry)


def _all(journal: Journal[E]) -> Iterator[E]:
    return journal.read() if journal.path.exists() else iter(())


def _line(entry: object) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


def _mend_ends(*journals: Journal[E]) -> None:
    """Move torn last lines out of the way: something is to be written behind them."""
    for journal in journals:
        if journal.path.exists():
            with journal.path.open("r+b") as file:
                set_torn_aside(journal.path, file.fileno())


def _append_new(aside: Journal[E], lines: Iterable[bytes]) -> int:
    """Append the entries that a file does not hold yet, under whatever names, durably; return how many were given."""
    given, there = 0, KeySet()  # a set of digests, as keys are
    with AppendFile(aside.path) as file:
        for line in aside.lines():
            there.add(_identity(aside, line))
        for line in lines:
            given += 1
            if there.add(_identity(aside, line)):
                file.write(line)
                file.flush()
        file.sync()
    return given


def _identity(journal: Journal[E], line: bytes) -> str:
    """Return what tells a line from others; an entry is the same under new names."""
    try:
        entry = journal.decode(line)
        told = entry.key.encode() + journal.digest(entry)
    except msgspec.MsgspecError:
        told = line
    return hashlib.blake2b(told, digest_size=16).hexdigest()
