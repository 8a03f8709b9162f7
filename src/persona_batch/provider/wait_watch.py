"""What ends a wait of a task from a timer, as `asyncio.timeout` does, but with one timer for many waits."""

import asyncio
from types import TracebackType
from typing import Self

from persona_batch.errors import TimedOut


class WaitWatch:
    """A context manager around each wait; made inside the event loop. Whoever inherits sets the timer `_handle`.

    `_cut` ends the wait that is under way (`_task`) in `TimedOut`, in words; `_since` is when it began, on the loop's
    clock.
    """

    __slots__ = ("_cancelling", "_handle", "_loop", "_since", "_task", "_words")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._words: str | None = None
        self._handle: asyncio.TimerHandle | None = None

    def _cut(self, words: str) -> None:
        assert self._task is not None
        self._handle, self._words = None, words
        self._task.cancel()

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
