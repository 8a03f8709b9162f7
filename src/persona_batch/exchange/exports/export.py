"""What is exported: the records that are wanted of a table, and what the user should know afterwards."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from persona_batch.exchange.columns import Column, Entry, Value
from persona_batch.exchange.flat import FlatTable
from persona_batch.record import Record

Progress = Callable[[int, int], None]

T = TypeVar("T")

_STEPS = 256  # records between two words of progress


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is asked of a format.

    `raw`: texts stay as they are where a spreadsheet might take them for formulas; `bom`: a byte order mark stands in
    front; `arms`: the two personas to set side by side, by their ids.
    """

    raw: bool = False
    bom: bool = False
    arms: Sequence[str] = ()


@dataclass(slots=True)
class Export:
    """One export, which a format takes its records from.

    `keep` says which are wanted, at most `limit` of them; `usable`: only those with a reply. Of the last pass,
    `without_reply` are the wanted ones without one. `notes` are sentences, which a format adds to.
    """

    table: FlatTable
    keep: Callable[[Record], bool] = lambda _: True
    limit: int | None = None
    usable: bool = False
    options: ExportOptions = field(default_factory=ExportOptions)
    progress: Progress | None = None
    notes: list[str] = field(default_factory=list)
    without_reply: int = 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the rows."""
        return self.table.columns

    def entries(self) -> Iterator[Entry]:
        """Yield the wanted records, as `FlatTable.entries` does."""
        return self._first(self.table.entries(self._watched()))

    def placed(self) -> Iterator[tuple[int, int, Record]]:
        """Yield the wanted records with their places, as `FlatTable.placed` does."""
        return self._first(self.table.placed(self._watched()))

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Yield their rows."""
        return self._first(self.table.rows(self._watched()))

    def _first(self, found: Iterator[T]) -> Iterator[T]:
        return found if self.limit is None else islice(found, self.limit)

    def _watched(self) -> Callable[[Record], bool]:
        """Return what says of each record of a pass whether it is wanted, and how far the pass is."""
        progress, done = self.progress, 0
        self.without_reply = 0

        def watched(record: Record) -> bool:
            nonlocal done
            done += 1
            if progress is not None and done % _STEPS == 0:
                progress(done, self.table.count)
            if not self.keep(record):
                return False
            self.without_reply += self.usable and not record.usable
            return record.usable or not self.usable

        return watched
