"""The files of several runs of one batch as those of one run, line by line: memory does not grow with what they say.

Nothing is changed in the runs themselves. Torn last lines are passed over, as by every reader. Call all of it under the
locks of the runs.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from persona_batch.errors import UsageError
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.pricing.bill import Bill
from persona_batch.record.agreement import as_cell, cell_named
from persona_batch.record.judgment import judgments_at
from persona_batch.record.manifest import Manifest
from persona_batch.record.rating import Rating, read_ratings, write_ratings
from persona_batch.record.reader import journal_at
from persona_batch.record.record import Record
from persona_batch.record.rundir import RunDir
from persona_batch.record.spending import bill_of
from persona_batch.record.submissions import read_submissions
from persona_batch.wording import counted, listed

_NAMED: Final = 3  # cells that an error names
_BUFFER: Final = 1 << 20  # bytes
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Source:
    """A run that is merged, as it was found."""

    run: RunDir
    manifest: Manifest


@dataclass(slots=True)
class Merging:
    """Writes the files of a run out of those of others.

    Args:
        sources: the runs, of one plan.
        grid: the whole batch.
        into: the new run's folder; its name is its id.

    `keys` are those of the records, `records` how many each run has, `copies` how many were left out for others that
    say the same, `returned` those that were set aside in one run and belong to the whole, `bill` is what the records
    cost, and `differing` tells what two runs say differently, so that one word had to be chosen.
    """

    sources: Sequence[Source]
    grid: Grid
    into: RunDir
    keys: KeySet = field(default_factory=KeySet)
    records: list[int] = field(default_factory=list)
    copies: int = 0
    returned: int = 0
    bill: Bill = field(default_factory=Bill)
    differing: list[str] = field(default_factory=list)
    _doubled: set[str] = field(default_factory=set)
    _back: KeySet = field(default_factory=KeySet)

    def survey(self) -> None:
        """Look for cells that several runs have a record of.

        Raises:
            UsageError: two of them say different things, or a line is no record.
        """
        for source in self.sources:
            number = 0
            for head in journal_at(source.run.records).scan(_Head, KeySet()):
                number += 1
                if not self.keys.add(head.key):
                    self._doubled.add(head.key)
            self.records.append(number)
        if self._doubled:
            self._refuse_differing()

    def write_records(self) -> None:
        """Write records.jsonl; records that a run had set aside return where the whole has a cell for them.

        Raises:
            UsageError: a record is of no cell of the batch.
            OSError: it cannot be written.
        """
        self._write(self.into.records, self._belonging(), self._returning())

    def write_beside(self) -> None:
        """Write what stands beside the records: obsolete and failed ones, judgments, ratings, submissions, the log.

        Raises:
            UsageError: a line of them is damaged.
            OSError: they cannot be written.
        """
        self._write(self.into.set_aside, self._once(source.run.set_aside for source in self.sources))
        self._write(self.into.errors, self._once(source.run.errors for source in self.sources))
        self._write_judgments()
        self._write_ratings()
        self._write_submissions()
        _write_lines(self.into.log, (source.run.log for source in self.sources))

    def _refuse_differing(self) -> None:
        said: dict[str, tuple[bytes, Source]] = {}
        cells: list[str] = []
        pairs: dict[tuple[str, str], None] = {}
        for source in self.sources:
            journal = journal_at(source.run.records)
            for record in journal.read() if journal.path.exists() else ():
                if record.key not in self._doubled:
                    continue
                digest = journal.digest(record)
                first, where = said.setdefault(record.key, (digest, source))
                if first != digest:
                    cells.append(f"{record.persona}/{record.question}/{record.sample}")
                    pairs[str(where.run.path), str(source.run.path)] = None
        if cells:
            one, other = next(iter(pairs))
            more = f" (and {counted(len(pairs) - 1, 'more pair')} of runs)" if len(pairs) > 1 else ""
            what = "the same cell" if len(cells) == 1 else f"the same {len(cells):,} cells"
            raise UsageError(
                f"{one} and {other}{more} have different records of {what} ({listed(cells, _NAMED)}), which were asked "
                "twice; leave one of the two runs out"
            )

    def _belonging(self) -> Iterator[Record]:
        written: set[str] = set()
        for source in self.sources:
            path = source.run.records
            for record in journal_at(path).read() if path.exists() else ():
                if record.key in self._doubled:
                    if record.key in written:
                        self.copies += 1
                        continue
                    written.add(record.key)
                found = cell_named(record, self.grid)
                if found is None or found[0] != record.key:
                    raise UsageError(
                        f"{path}: the record of {record.persona}/{record.question}, sample {record.sample}, is of no "
                        f"cell of the batch; `batch run --resume {source.run.path}` sets aside what does not belong"
                    )
                self.bill += bill_of(record, source.manifest.prices)
                yield record

    def _returning(self) -> Iterator[Record]:
        for source in self.sources:
            path = source.run.set_aside
            for record in journal_at(path).read() if path.exists() else ():
                found = cell_named(record, self.grid)
                if found is None or found[0] != record.key or not self.keys.add(record.key):
                    continue
                self.returned += 1
                self._back.add(_identity(record, journal_at(path).digest(record)))
                self.bill += bill_of(record, source.manifest.prices)
                yield as_cell(record, found[1]())

    def _once(self, paths: Iterable[Path]) -> Iterator[Record]:
        """Yield the records of several files that say the same only once, without what returned."""
        seen = KeySet()
        for path in paths:
            journal = journal_at(path)
            for record in journal.read() if path.exists() else ():
                identity = _identity(record, journal.digest(record))
                if identity not in self._back and seen.add(identity):
                    yield record

    def _write(self, path: Path, *parts: Iterator[Record]) -> None:
        """Write records as those of the new run; of none there is no file, but for the records' own."""
        with path.open("wb", buffering=_BUFFER) as file:
            for part in parts:
                file.writelines(_encode(replace(record, run_id=self.into.id)) + b"\n" for record in part)
            empty = not file.tell()
        if empty and path != self.into.records:
            path.unlink()

    def _write_judgments(self) -> None:
        given: dict[str, bytes] = {}
        differing = 0
        into = judgments_at(self.into.path)
        with into.path.open("wb", buffering=_BUFFER) as file:
            for source in self.sources:
                journal = judgments_at(source.run.path)
                for judgment in journal.read() if journal.path.exists() else ():
                    digest = journal.digest(judgment)
                    first = given.setdefault(judgment.key, digest)
                    if first is digest:
                        file.write(_encode(judgment) + b"\n")
                    differing += first != digest
        if not given:
            into.path.unlink()
        if differing:
            self.differing.append(
                f"{counted(differing, 'judgment')} given twice, differently: the first of each counts"
            )

    def _write_ratings(self) -> None:
        given: dict[tuple[str, str | None, str, str], Rating] = {}
        differing = 0
        for source in self.sources:
            for rating in read_ratings(source.run.path):
                differing += given.setdefault(rating.of, rating).word != rating.word
                given[rating.of] = rating
        if given:
            write_ratings(self.into.path, given.values())
        if differing:
            self.differing.append(f"{counted(differing, 'rating')} given twice, differently: the last of each counts")

    def _write_submissions(self) -> None:
        """Carry along what was handed over, and what came of it: a result that lies there is never asked for again."""
        seen: set[str] = set()
        for source in self.sources:
            its_own = {one.id for one in read_submissions(source.run.submissions)} - seen
            seen |= its_own
            if not its_own:
                continue
            decode = msgspec.json.Decoder(_Of).decode
            with source.run.submissions.open("rb") as file, self.into.submissions.open("ab") as into:
                into.writelines(line for line in file if line.endswith(b"\n") and decode(line).id in its_own)
            self.into.batches.mkdir(exist_ok=True)
            for path in sorted(source.run.batches.glob("*")):
                if path.is_file() and not (self.into.batches / path.name).exists():
                    shutil.copyfile(path, self.into.batches / path.name)


class _Head(msgspec.Struct):
    key: str


class _Of(msgspec.Struct):
    id: str


def _identity(record: Record, digest: bytes) -> str:
    return hashlib.blake2b(record.key.encode() + digest, digest_size=16).hexdigest()


def _write_lines(into: Path, paths: Iterable[Path]) -> None:
    """Write the whole lines of several files one after the other."""
    with into.open("wb", buffering=_BUFFER) as file:
        for path in paths:
            if path.exists():
                with path.open("rb", buffering=_BUFFER) as lines:
                    file.writelines(line for line in lines if line.endswith(b"\n"))
