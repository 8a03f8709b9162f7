"""Ctrl-C, SIGTERM and SIGHUP over the whole life of a run, not only while it asks.

While the engine asks, a signal is the engine's to obey (it lets running requests finish). Before, it ends the call at
once, for nothing has been asked yet. Once the asking is over it is passed over: what is left is a moment of sealing.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from persona_batch.errors import Interrupted

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


class Signals:
    """Who is told of a signal at present."""

    def __init__(self, told: Callable[[Interrupted], None]) -> None:
        self._told: Callable[[Interrupted], None] | None = told

    def arrived(self, name: str) -> None:
        """Pass a signal on."""
        if self._told is not None:
            self._told(Interrupted(f"interrupted ({name})"))

    @contextmanager
    def stopping(self, stop: Callable[[Interrupted], None]) -> Iterator[None]:
        """Let `stop` have the signals while the block runs, and nobody afterwards."""
        self._told = stop
        try:
            yield
        finally:
            self._told = None


@asynccontextmanager
async def caught_signals() -> AsyncIterator[Signals]:
    """Catch the signals while the block runs; what `nohup` had ignored stays so.

    Raises:
        Interrupted: a signal came before the block gave them to somebody.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    reasons: list[Interrupted] = []

    def end(reason: Interrupted) -> None:
        if not reasons:
            reasons.append(reason)
            task.cancel()

    signals = Signals(end)
    numbers = [number for number in _SIGNALS if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN]
    give_back = [_handle(loop, number, signals.arrived) for number in numbers]
    try:
        yield signals
    except asyncio.CancelledError:
        if reasons and task.uncancel() == 0:
            raise reasons[0] from None
        raise
    finally:
        for undo in give_back:
            undo()


def _handle(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, arrived: Callable[[str], None]
) -> Callable[[], object]:
    """Let a signal call `arrived` in the loop; return what undoes it."""
    try:
        loop.add_signal_handler(number, arrived, number.name)
    except NotImplementedError:  # the loops of Windows
        before = signal.signal(number, lambda *_: loop.call_soon_threadsafe(arrived, number.name))
        return lambda: signal.signal(number, before)
    return lambda: loop.remove_signal_handler(number)
