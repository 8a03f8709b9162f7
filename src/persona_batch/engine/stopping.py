"""How a run is stopped, alike in the engines that ask while they run: gently, and when that is said again, at once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from persona_batch.engine.engines import Job
from persona_batch.errors import BatchError, StoppedEarly, StorageError
from persona_batch.wording import duration


class Stopping:
    """Stops a run from outside, and at its time limit.

    Args:
        job: the run's work.
        halt: sees to it that nothing new is asked.
        cancel: gives up what is under way.
        grace: seconds between the two.
    """

    def __init__(
        self, job: Job, *, halt: Callable[[BatchError], None], cancel: Callable[[], None], grace: float
    ) -> None:
        self._job = job
        self._halt = halt
        self._cancel = cancel
        self._grace = grace
        self._begun = False

    def stop(self, reason: BatchError) -> None:
        """Stop the run gently; called again, at once."""
        self._halt(reason)
        if self._begun:
            self._cancel()
            return
        self._begun = True
        asyncio.get_running_loop().call_later(self._grace, self._cancel)
        with suppress(StorageError):  # a full disk must not keep the run from stopping; the records' own writer tells
            self._job.log.write("stop", reason=str(reason))

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Keep the time limit while the block runs."""
        seconds = self._job.limits.time_limit
        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self._time_is_up, seconds)
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()

    def end(self, reason: BatchError | None) -> None:
        """End the run; `reason` is why nothing is asked any more.

        Raises:
            BatchError: that, if cells are left.
        """
        if reason is None or self._job.progress.left <= 0:
            return
        if not self._begun:
            self._job.log.write("stop", reason=str(reason))
        raise reason

    def _time_is_up(self, limit: float) -> None:
        if not self._begun:
            self.stop(StoppedEarly(f"the time limit of {duration(limit)} (--time-limit) is reached"))
