"""The flat table of runs: a row a record, with columns that are known before the first row is read.

What every file of a table is made of, and what `pandas` and `polars` are given. Rows are made one at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from persona_batch.exchange.columns import Column, Entry, Value, columns_of
from persona_batch.exchange.survey import Survey, said_first
from persona_batch.record import Record
from persona_batch.record.rundir import RunDir
from persona_batch.record.standing import StandingRecords
from persona_batch.record.told import Told


@dataclass(frozen=True, slots=True)
class FlatTable:
    """A table of the records of runs as they were when it was opened.

    `count` is the number of records, before any are left out; `runs` are those that the rows come from.
    """

    columns: tuple[Column, ...]
    count: int
    runs: tuple[RunDir, ...]
    _told: tuple[Told, ...]
    _standing: tuple[StandingRecords, ...]
    _survey: Survey
    _seen: Callable[[Record], Record] | None = None

    def entries(self, keep: Callable[[Record], bool] = lambda _: True) -> Iterator[Entry]:
        """Yield the records, in the order in which they finished, with what their files tell; memory stays as it is.

        A key that stands in several lines of one run is one record: the last of them. Two of these may not be taken
        from at once.

        Args:
            keep: whether a record is wanted.

        Raises:
            UsageError: a line is no record.
        """
        for run, _, record in self.placed(keep):
            yield self._entry(run, record)

    def placed(self, keep: Callable[[Record], bool] = lambda _: True) -> Iterator[tuple[int, int, Record]]:
        """Yield the records as `entries` does, each with its run and the byte at which it stands, for `at`.

        Raises:
            UsageError: as for `entries`.
        """
        for run in range(len(self.runs)):
            for place, record in self._standing[run].read():
                if self._survey.replaced[run].get(record.key, place) == place and keep(record):
                    yield run, place, record

    def at(self, run: int, place: int) -> Entry:
        """Return what `placed` gave this run and place of.

        Raises:
            UsageError: the file was changed in place since.
        """
        return self._entry(run, self._standing[run].at(place))

    def rows(self, keep: Callable[[Record], bool] = lambda _: True) -> Iterator[tuple[Value, ...]]:
        """Yield the rows, a value a column; otherwise as `entries`.

        Raises:
            UsageError: as for `entries`.
        """
        makers = [column.of for column in self.columns]
        for entry in self.entries(keep):
            yield tuple([make(entry) for make in makers])

    def _entry(self, run: int, record: Record) -> Entry:
        told, seen = self._told[run], record if self._seen is None else self._seen(record)
        question = told.question(record.question)
        known = (question.text, self._survey.texts.get(record.question), said_first(record))
        text = next((one for one in known if one is not None), None)
        return Entry(seen, run, told.persona(record.persona), question, text)


@contextmanager
def flat_table(runs: Iterable[RunDir], seen: Callable[[Record], Record] | None = None) -> Iterator[FlatTable]:
    """Open runs as a table; what they write afterwards is not seen.

    Args:
        runs: whose records; each once.
        seen: what a record is taken for, where checks of today are to take the place of recorded ones.

    Raises:
        UsageError: a file cannot be read, or a line is no record.
    """
    found = tuple(dict.fromkeys(runs))
    survey = Survey()
    with ExitStack() as files:
        told = tuple(Told.of(run) for run in found)
        standing = tuple(files.enter_context(StandingRecords(run.records)) for run in found)
        for one, records in zip(told, standing, strict=True):
            survey.read(records, texts=not one.questions, seen=seen)
        yield FlatTable(columns_of(survey), sum(survey.counts), found, told, standing, survey, seen)
