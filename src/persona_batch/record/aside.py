"""Records that leave records.jsonl, and come back, without ever being lost or doubled.

records.jsonl holds one record per cell of the batch as it stands, and nothing else. Two kinds of records leave it:
those that an edit made obsolete go to set-aside.jsonl (`settle`), and return from there when they belong again;
failed ones that are asked again go to errors.jsonl (`set_errors_aside`). Both move in steps of which each may be
the last:

1. what leaves is appended to the other file and synced (a record that is there already is passed over);
2. records.jsonl without it, and with what returns, is written beside the old one, synced and renamed over it;
3. set-aside.jsonl without what returned is written beside the old one, synced and renamed over it.

A process killed before 2 is done leaves records.jsonl as it was; killed before 3, it leaves copies of lines that are
in records.jsonl, which the next call takes out. Nobody reads the other files unasked.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import msgspec

from persona_batch.errors import UsageError
from persona_batch.plan.grid import Grid
from persona_batch.record.append import AppendFile, storage_error, sync_folder
from persona_batch.record.keys import KeySet
from persona_batch.record.reader import read_records
from persona_batch.record.record import Record, Status, as_cell, cell_named, decode, encode
from persona_batch.record.rundir import RunDir
from persona_batch.record.torn import set_torn_aside


@dataclass(frozen=True, slots=True)
class Settled:
    """What `settle` moved: records `set_aside`, `returned` and `renamed`.

    `renamed` records stayed: only the names of their cell, its attributes or its checks had changed.
    """

    set_aside: int = 0
    returned: int = 0
    renamed: int = 0

    def __bool__(self) -> bool:
        """Whether anything moved or was renamed."""
        return bool(self.set_aside or self.returned or self.renamed)


def settle(run: RunDir, grid: Grid, before_change: Callable[[], None] = lambda: None) -> Settled:
    """Make a run's records those of the batch as it stands. Call it under the run's lock, before anything is asked.

    Args:
        run: the run.
        grid: the batch; its filters do not matter here.
        before_change: called once, before the first file is touched, and only if something moves.

    Raises:
        UsageError: a line is no record.
        StorageError: it cannot be written; every record is still in one of the files.
    """
    try:
        _mend_ends(run.records, run.set_aside)
        if not run.records.exists() and not run.set_aside.exists():
            return Settled()
        found = _Survey.of(run, _Belonging(grid, run))
        if found.gone or found.renamed or len(found.returning):
            before_change()
            if found.gone:
                _append_new(run.set_aside, found.obsolete())
            _replace(run.records, found.staying())
        if found.copies or len(found.returning):
            _replace(run.set_aside, found.still_aside())
    except OSError as error:
        raise storage_error(run.records, error) from error
    except ValueError as error:  # a key that is none
        raise UsageError(f"{run.records}: not a record of this tool: {error}") from error
    return Settled(found.gone, len(found.returning), found.renamed)


def set_errors_aside(run: RunDir) -> int:
    """Move the failed records of a run to its errors.jsonl; return how many. Call it under the run's lock.

    Raises:
        StorageError: it cannot be written; every record is still where it was.
    """
    try:
        if not run.records.exists() or not any(map(_is_failed, _lines(run.records))):
            return 0
        _mend_ends(run.records, run.errors)
        moved = _append_new(run.errors, filter(_is_failed, _lines(run.records)))
        _replace(run.records, (line for line in _lines(run.records) if not _is_failed(line)))
    except OSError as error:
        raise storage_error(run.records, error) from error
    return moved


class _Belonging:
    """Knows which records of a run are cells of a batch, and under which names.

    Most records bear the names that their cell has today, and are told by those; only for the others is the grid
    gone through.
    """

    def __init__(self, grid: Grid, run: RunDir) -> None:
        self._grid = grid
        strangers = KeySet()
        for record in chain(_records(run.records), _records(run.set_aside)):
            found = cell_named(record, self._grid)
            if found is None or found[0] != record.key:
                strangers.add(record.key)
        keyed = grid.keyed(whole=True) if len(strangers) else ()
        self._under_other_names = {key: make for key, make in keyed if key in strangers}

    def named(self, record: Record) -> Record | None:
        """Return the record under the names that its cell has today; None: it belongs no longer."""
        found = cell_named(record, self._grid)
        make = found[1] if found is not None and found[0] == record.key else self._under_other_names.get(record.key)
        return None if make is None else as_cell(record, make())


@dataclass(slots=True)
class _Survey:
    """Which lines of a run's two files go where.

    `beside` holds what was answered in records whose key is in both files; `copies` are those that say the same.
    """

    run: RunDir
    belongs: "_Belonging"
    kept: KeySet = field(default_factory=KeySet)
    returning: KeySet = field(default_factory=KeySet)
    beside: dict[str, bytes] = field(default_factory=dict)
    gone: int = 0
    renamed: int = 0
    copies: int = 0

    @classmethod
    def of(cls, run: RunDir, belongs: "_Belonging") -> "_Survey":
        """Look at every record of both files."""
        found = cls(run, belongs)
        aside = KeySet()
        for record in _records(run.set_aside):
            aside.add(record.key)
        for record in _records(run.records):
            found._see(record, aside)
        for record in _records(run.set_aside):
            if record.key in found.kept:
                found.copies += found._is_copy(record)
            elif belongs.named(record) is not None:
                found.returning.add(record.key)
        return found

    def obsolete(self) -> Iterator[bytes]:
        """Yield the lines that leave records.jsonl."""
        for record in _records(self.run.records):
            if self.belongs.named(record) is None:
                yield encode(record) + b"\n"

    def staying(self) -> Iterator[bytes]:
        """Yield the new lines of records.jsonl."""
        for record in _records(self.run.records):
            if (named := self.belongs.named(record)) is not None:
                yield encode(named) + b"\n"
        came = KeySet()
        for record in _records(self.run.set_aside):
            if record.key in self.returning and came.add(record.key):
                named = self.belongs.named(record)
                assert named is not None
                yield encode(named) + b"\n"

    def still_aside(self) -> Iterator[bytes]:
        """Yield the new lines of set-aside.jsonl: without what returned, without copies of what is in the records."""
        went = KeySet()
        for record in _records(self.run.set_aside):
            returned = record.key in self.returning and went.add(record.key)
            if not returned and not self._is_copy(record):
                yield encode(record) + b"\n"

    def _see(self, record: Record, aside: KeySet) -> None:
        named = self.belongs.named(record)
        if named is None:
            self.gone += 1
            return
        self.kept.add(record.key)
        self.renamed += named != record
        if record.key in aside:
            self.beside[record.key] = _answered(record)

    def _is_copy(self, record: Record) -> bool:
        return record.key in self.beside and self.beside[record.key] == _answered(record)


def _answered(record: Record) -> bytes:
    """Return a digest of what the endpoint answered, and when: what no renaming changes."""
    said = (record.status, record.reply, record.reasoning, record.timing, record.error, record.attempts)
    return hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=16).digest()


def _records(path: Path) -> Iterator[Record]:
    return read_records(path) if path.exists() else iter(())


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        yield from lines


def _mend_ends(*paths: Path) -> None:
    """Move torn last lines out of the way: something is to be written behind them."""
    for path in paths:
        if path.exists():
            with path.open("r+b") as file:
                set_torn_aside(path, file.fileno())


def _append_new(path: Path, lines: Iterable[bytes]) -> int:
    """Append the records that a file does not hold yet, under whatever names, durably; return how many were given."""
    given = 0
    there = KeySet()
    with AppendFile(path) as file:
        for line in _lines(path):
            there.add(_digest(line))
        for line in lines:
            given += 1
            if there.add(_digest(line)):
                file.write(line)
                file.flush()
        file.sync()
    return given


def _replace(path: Path, lines: Iterable[bytes]) -> None:
    """Put lines in the place of a file's, durably and all at once."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as new:
            for line in lines:
                new.write(line)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


class _Outcome(msgspec.Struct):
    status: Status


_decode = msgspec.json.Decoder(_Outcome).decode


def _is_failed(line: bytes) -> bool:
    # Torn and damaged lines stay where they are: the sink and the reader deal with them.
    if not line.endswith(b"\n"):
        return False
    try:
        return _decode(line).status == "error"
    except msgspec.MsgspecError:
        return False


def _digest(line: bytes) -> str:
    """Return what tells a line from others; a record is the same under new names."""
    try:
        record = decode(line)
        told = record.key.encode() + _answered(record)
    except msgspec.MsgspecError:
        told = line
    return hashlib.blake2b(told, digest_size=16).hexdigest()
