"""Who has a part in a run from outside: one watches it (the command line draws), and one may stop it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Protocol

from persona_batch.engine.progress import Progress
from persona_batch.errors import Interrupted
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.record import Record
from persona_batch.record.rundir import RunDir


class Observer(Protocol):
    """Callbacks of a run, all on the event loop's thread; they must be quick and must not raise."""

    def note(self, sentence: str, *, always: bool = False) -> None:
        """Tell the user something about the run: a warning, what a resume found; `always`: also under --quiet."""
        ...

    def begin(self, run: RunDir, grid: Grid, progress: Progress) -> None:
        """The run folder stands, asking begins; `progress` is live from now on."""
        ...

    def text(self, cell: Cell, text: str) -> None:
        """A piece of a reply came in (only where `wants_text`)."""
        ...

    def record(self, record: Record) -> None:
        """A cell was finished and is on disk."""
        ...

    @property
    def wants_text(self) -> bool:
        """Whether replies are to be streamed to this observer."""
        ...


class Stopper:
    """Ends one run from outside, over its whole life and not only while it asks.

    While cells are asked, what is running has some seconds to finish, and a second stop ends it. Before, a stop ends
    the call at once, for nothing has been asked yet. Once the asking is over it is passed over: what is left is a
    moment of sealing.
    """

    def __init__(self) -> None:
        self._reason: Interrupted | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: Callable[[Interrupted], None] | None = None

    def stop(self, reason: str) -> None:
        """Stop the run; from any thread, any number of times, also before it has begun."""
        self._reason = Interrupted(reason)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the run is over
                self._loop.call_soon_threadsafe(self._pass_on, self._reason)

    @asynccontextmanager
    async def ending_at_once(self) -> AsyncIterator[None]:
        """Let a stop end the block, until it is somebody's to obey (`stopping`).

        Raises:
            Interrupted: it was stopped.
        """
        task = asyncio.current_task()
        assert task is not None
        before, ended = task.cancelling(), list[Interrupted]()

        def end(reason: Interrupted) -> None:
            if not ended:
                ended.append(reason)
                task.cancel()

        self._loop, self._told = task.get_loop(), end
        try:
            if self._reason is not None:
                raise self._reason
            yield
        except asyncio.CancelledError:
            if ended and task.uncancel() <= before:
                raise ended[0] from None
            raise
        finally:
            self._told = None

    @contextmanager
    def stopping(self, stop: Callable[[Interrupted], None]) -> Iterator[None]:
        """Let `stop` be told while the block runs, and nobody afterwards."""
        self._told = stop
        try:
            yield
        finally:
            self._told = None

    def _pass_on(self, reason: Interrupted) -> None:
        if self._told is not None:
            self._told(reason)
