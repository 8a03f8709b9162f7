"""What stops a call that mostly waits: its pauses end at once, a request under way has some seconds to finish."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from persona_batch.errors import BatchError

T = TypeVar("T")


class Brake:
    """Stops one call; used inside the event loop.

    Args:
        grace: seconds that a request under way gets after `stop`.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._reason: BatchError | None = None
        self._stopped = asyncio.Event()
        self._under_way: set[asyncio.Task[object]] = set()

    @property
    def reason(self) -> BatchError | None:
        """Why everything stops; None: it does not."""
        return self._reason

    def stop(self, reason: BatchError) -> None:
        """Stop gently; called again, at once."""
        if self._reason is not None:
            self._cancel()
            return
        self._reason = reason
        self._stopped.set()
        asyncio.get_running_loop().call_later(self._grace, self._cancel)

    def check(self) -> None:
        """Raise the reason, if there is one."""
        if self._reason is not None:
            raise self._reason

    async def call(self, asked: Coroutine[object, object, T]) -> T:
        """Await a request.

        Raises:
            BatchError: the reason, where it was cut off by a stop.
        """
        task = asyncio.create_task(asked)
        self._under_way.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if self._reason is not None and not (caller and caller.cancelling()):
                raise self._reason from None
            raise
        finally:
            self._under_way.discard(task)

    async def sleep(self, seconds: float) -> None:
        """Wait so long.

        Raises:
            BatchError: the reason, as soon as there is one.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return
        self.check()

    def _cancel(self) -> None:
        for task in self._under_way:
            task.cancel()
