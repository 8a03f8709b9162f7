"""The run's brake: set once, seen by everyone who waits."""

import asyncio
from collections.abc import Callable

from persona_batch.errors import BatchError, Interrupted


class Halted(Exception):
    """Raised where something would have been asked after the brake was set; never leaves the engine."""


class Halt:
    """Stops a run: nothing new is asked, every wait ends, requests on their way may finish.

    `reason` is what the run will end with, or None while it goes on. The first reason stands, except that an
    interruption by the user replaces the others.
    """

    def __init__(self) -> None:
        self.reason: BatchError | None = None
        self._event = asyncio.Event()
        self._callbacks: list[Callable[[], None]] = []

    def set(self, reason: BatchError) -> None:
        """Set the brake."""
        if self.reason is None or isinstance(reason, Interrupted):
            self.reason = reason
        self._event.set()
        for callback in self._callbacks:
            callback()

    def check(self) -> None:
        """Raise `Halted` if the brake is set."""
        if self.reason is not None:
            raise Halted

    def on_set(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the brake is set."""
        self._callbacks.append(callback)

    async def sleep(self, seconds: float) -> None:
        """Sleep, and no less than that.

        Raises:
            Halted: the brake was set before or meanwhile.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        raise Halted
