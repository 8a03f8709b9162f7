"""How long a stream is waited for, where that depends on what else happens meanwhile."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from persona_batch.errors import TimedOut

_LOOK: Final = 1.0  # seconds until the first look, and between two of a stream that is not waited for
_SOON: Final = 0.001
_LATE: Final = 0.25


class Patience:
    """Watches one stream; use as a context manager around each wait for its next part.

    `more` is asked from time to time, with the seconds that the present wait has lasted: for how many more it may last,
    or, in words, why it may not; then the wait ends in `TimedOut`. It has one timer for all waits, as
    `receiving.Deadline` has.
    """

    __slots__ = ("_cancelling", "_due", "_handle", "_loop", "_more", "_since", "_task", "_words")

    def __init__(self, more: Callable[[float], float | str]) -> None:
        self._more = more
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._words: str | None = None
        self._look_in(_LOOK)

    def _look_in(self, seconds: float) -> None:
        self._due = self._loop.time() + max(_SOON, seconds)
        self._handle: asyncio.TimerHandle | None = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        late = now - self._due
        if late > _LATE:  # what came while this process slept has not been read
            self._since += late
            self._look_in(_LOOK)
            return
        more = self._more(now - self._since) if self._task is not None else _LOOK
        if isinstance(more, str):
            assert self._task is not None
            self._handle, self._words = None, more
            self._task.cancel()
        else:
            self._look_in(more)

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is not None:
            self._cancelling = task.cancelling()
        self._task = task
        self._since = self._loop.time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if self._words is not None and task is not None:
            words, self._words = self._words, None
            # As asyncio.timeout does: a cancellation from outside that came as well wins.
            if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimedOut(words) from error

    def close(self) -> None:
        """Stop watching."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
