"""What an actor has to tell, collected until somebody asks for it."""

import asyncio
import time
from collections.abc import Mapping

from persona_batch.asking.leases import Word
from persona_batch.asking.limits import Gauge
from persona_batch.credentials import mask
from persona_batch.engine.ray.messages import Counts, Report
from persona_batch.errors import BatchError
from persona_batch.record import Record
from persona_batch.record.runlog import Clean, RunLog

_TOGETHER = 0.005  # seconds in which news are collected, if nobody waits for an answer to them


class Outbox:
    """Made inside the event loop that it is used in."""

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._records: list[Record] = []
        self._words: list[Word] = []
        self._texts: list[tuple[str, str]] = []
        self._events: list[tuple[str, Mapping[str, str | float | None]]] = []

    def record(self, record: Record) -> None:
        """Tell of a record, which is in the journal."""
        self._records.append(record)
        self._news.set()

    def word(self, word: Word) -> None:
        """Send a word to whoever keeps the limits."""
        self._words.append(word)
        self._news.set()

    def text(self, key: str, piece: str) -> None:
        """Hand on a piece of a cell's reply."""
        self._texts.append((key, piece))
        self._news.set()

    def event(self, event: str, fields: Mapping[str, str | float | None]) -> None:
        """Tell what the run's log is to say; it can wait for other news."""
        self._events.append((event, fields))

    def wake(self) -> None:
        """Report at once."""
        self._news.set()

    async def wait(self, seconds: float) -> None:
        """Wait for news, so long at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        if not self._words:
            await asyncio.sleep(_TOGETHER)

    def emptied(self, gauge: Gauge, *, stopped: BatchError | None, idle: bool) -> Report:
        """Return all that was collected, with how things stand."""
        self._news.clear()
        report = Report(
            records=self._records,
            words=self._words,
            texts=self._texts,
            events=self._events,
            counts=_counts(gauge),
            stopped=stopped,
            idle=idle,
        )
        self._records, self._words, self._texts, self._events = [], [], [], []
        return report


class SentLog(RunLog):
    """A log whose events are sent to the run's, clean of secrets."""

    def __init__(self, outbox: Outbox, clean: Clean) -> None:
        super().__init__(None, clean)
        self._outbox = outbox

    def write(self, event: str, **fields: str | float | None) -> None:
        """Send an event."""
        clean = {name: mask(self.clean(said)) if isinstance(said, str) else said for name, said in fields.items()}
        self._outbox.event(event, clean)


def _counts(gauge: Gauge) -> Counts:
    until = gauge.waiting_until  # on the clock of this machine
    return Counts(
        requests=gauge.requests,
        in_flight=gauge.in_flight,
        unreached=gauge.unreached,
        retrying=gauge.retrying,
        waiting_for=gauge.waiting_for,
        waiting_for_seconds=None if until is None else until - time.monotonic(),
    )
