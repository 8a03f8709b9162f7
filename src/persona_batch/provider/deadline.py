"""Time-outs of a stream that cost nothing per read.

`asyncio.timeout` would arm and disarm a timer for every network read. Here one timer per stream looks, when it
fires, how long the present wait has lasted, and moves on. It acts only while the stream waits for the network,
never while the consumer works on what it was given.
"""

import asyncio
from types import TracebackType
from typing import Self

from persona_batch.errors import TimedOut
from persona_batch.provider.base import Timeouts


class Deadline:
    """Watches one stream; use as a context manager around each wait for the network.

    A wait that lasts too long ends in `TimedOut`, whose message says which limit it was.
    """

    __slots__ = ("_cancelling", "_end", "_fired", "_handle", "_loop", "_since", "_speaks", "_start", "_task", "_times")

    def __init__(self, times: Timeouts) -> None:
        self._times = times
        self._loop = asyncio.get_running_loop()
        self._start = self._since = self._loop.time()
        self._speaks = False  # the first event came
        self._end: float | None = None  # nothing of the reply can be missing any more
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._fired: str | None = None
        self._handle: asyncio.TimerHandle | None = self._loop.call_at(self._due()[0], self._check)

    def _due(self) -> tuple[float, str]:
        """Return the moment of the next limit and what to say when it has passed."""
        times = self._times
        if self._speaks:
            next_one = self._since + times.gap, f"nothing more came for {times.gap:g} s in the middle of the reply"
        else:
            next_one = self._start + times.first_token, f"no first token within {times.first_token:g} s"
        if self._end is not None:
            next_one = min(next_one, (self._end, f"the stream went on for {times.ending:g} s after its finish reason"))
        return min(next_one, (self._start + times.total, f"the reply was not whole after {times.total:g} s"))

    def _check(self) -> None:
        due, words = self._due()
        if self._task is None or self._loop.time() < due:
            self._handle = self._loop.call_at(max(due, self._loop.time() + 0.05), self._check)
            return
        self._handle = None
        self._fired = words
        self._task.cancel()

    def spoke(self) -> None:
        """Say that the reply has begun: from now on the gap between reads counts."""
        if not self._speaks:
            self._speaks = True
            if self._handle is not None:
                self._handle.cancel()
                self._handle = self._loop.call_at(self._due()[0], self._check)

    def ends(self) -> None:
        """Say that the reply is complete: what may still follow has a few seconds."""
        if self._end is None:
            self._end = self._loop.time() + self._times.ending
            if self._handle is not None:
                self._handle.cancel()
                self._handle = self._loop.call_at(self._due()[0], self._check)

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
        if self._fired is not None and task is not None:
            words, self._fired = self._fired, None
            # As asyncio.timeout does: a cancellation from outside that came as well wins.
            if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
                raise TimedOut(words) from error

    def close(self) -> None:
        """Stop watching."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
