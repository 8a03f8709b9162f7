"""What is under way in all actors together, as the run's progress shows it."""

import time

from persona_batch.asking.limits import Gauge
from persona_batch.engine.progress import Progress
from persona_batch.engine.ray.messages import Counts
from persona_batch.record import Record
from persona_batch.record.spending import attempts_of


class Gauges:
    """Keeps `progress` by the actors' reports, and `lending`, the gauge of whoever lends permission to them.

    What an actor sent since its last report before it died is not known, and not counted.
    """

    def __init__(self, progress: Progress, lending: Gauge) -> None:
        self._progress = progress
        self._lending = lending
        self._actors: dict[str, Counts] = {}
        self._requests = self._unreached = 0  # of actors that are gone, and of records that were found

    def update(self, actor: str, counts: Counts) -> None:
        """Take an actor's counts."""
        self._actors[actor] = counts
        self._show()

    def forget(self, actor: str) -> None:
        """An actor is gone: nothing of it is under way."""
        counts = self._actors.pop(actor, Counts())
        self._requests += counts.requests
        self._unreached += counts.unreached
        self._show()

    def recover(self, record: Record) -> None:
        """Count the requests of a record that another call has sent."""
        self._requests += attempts_of(record)
        self._show()

    def _show(self) -> None:
        progress, actors = self._progress, list(self._actors.values())
        progress.requests = self._requests + sum(counts.requests for counts in actors)
        progress.unreached = self._unreached + sum(counts.unreached for counts in actors)
        progress.in_flight = sum(counts.in_flight for counts in actors)
        progress.retrying = sum(counts.retrying for counts in actors)
        progress.waiting_for, progress.waiting_until = self._lending.waiting_for, self._lending.waiting_until
        for counts in actors:
            if progress.waiting_for is None and counts.waiting_for is not None:
                progress.waiting_for = counts.waiting_for
                seconds = counts.waiting_for_seconds
                progress.waiting_until = None if seconds is None else time.monotonic() + seconds
