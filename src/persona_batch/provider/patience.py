"""How long a stream is waited for, where that depends on what else happens meanwhile."""

from collections.abc import Callable
from typing import Final

from persona_batch.provider.wait_watch import WaitWatch

_LOOK: Final = 1.0  # seconds until the first look, and between two of a stream that is not waited for
_SOON: Final = 0.001
_LATE: Final = 0.25


class Patience(WaitWatch):
    """Watches one stream; use as a context manager around each wait for its next part.

    `more` is asked from time to time, with the seconds that the present wait has lasted: for how many more it may last,
    or, in words, why it may not; then the wait ends in `TimedOut`. It has one timer for all waits, as
    `receiving.Deadline` has.
    """

    __slots__ = ("_due", "_more")

    def __init__(self, more: Callable[[float], float | str]) -> None:
        super().__init__()
        self._more = more
        self._look_in(_LOOK)

    def _look_in(self, seconds: float) -> None:
        self._due = self._loop.time() + max(_SOON, seconds)
        self._handle = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        late = now - self._due
        if late > _LATE:  # what came while this process slept has not been read
            self._since += late
            self._look_in(_LOOK)
            return
        more = self._more(now - self._since) if self._task is not None else _LOOK
        if isinstance(more, str):
            self._cut(more)
        else:
            self._look_in(more)
