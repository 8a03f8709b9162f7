"""Calling what is asynchronous from where nothing may be awaited, a notebook's running loop among these places.

The work has a thread and a loop of its own, so no loop, policy or signal handler of the caller's is touched. The
caller's thread waits, and is where callbacks run: what they use (a connection, a progress bar) belongs to it.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeAlias, TypeVar

Result = TypeVar("Result")
Perform: TypeAlias = Callable[[Callable[[], object]], None]
"""Calls a function where the caller's callbacks are to run, and returns when it has; what it raises passes through."""

_PATIENCE = None if os.name == "posix" else 0.2  # seconds: elsewhere Ctrl-C is only seen between two waits


def at_once(function: Callable[[], object]) -> None:
    """Call a function here and now."""
    function()


@dataclass(slots=True)
class _Asked:
    """A function that the caller's thread is to call."""

    function: Callable[[], object]
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def call(self) -> None:
        try:
            self.function()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            self.error = error
        finally:
            self.done.set()


@dataclass(slots=True)
class _Work(Generic[Result]):
    """A coroutine in a thread of its own, and what it asks of the thread that waits for it."""

    begin: Callable[[Perform], Coroutine[Any, Any, Result]]
    stop: Callable[[str], None] | None
    asked: "SimpleQueue[_Asked | None]" = field(default_factory=SimpleQueue)
    results: list[Result] = field(default_factory=list)
    error: BaseException | None = None
    _task: "asyncio.Task[Result] | None" = None
    _loop: asyncio.AbstractEventLoop | None = None
    _ended: bool = False

    def run(self) -> None:
        try:
            # with a factory the runner leaves the thread's loop, and so the policy, alone
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                self.results.append(runner.run(self._main()))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.error = error
        finally:
            self.asked.put(None)

    async def _main(self) -> Result:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._ended:
            raise asyncio.CancelledError
        return await self.begin(self.perform)

    def perform(self, function: Callable[[], object]) -> None:
        asked = _Asked(function)
        self.asked.put(asked)
        asked.done.wait()
        if asked.error is not None:
            raise asked.error

    def end(self) -> None:
        """Stop it, from the thread that waits."""
        self._ended = True
        if self.stop is not None:
            self.stop("interrupted")
        elif self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)


def blocking(
    begin: Callable[[Perform], Coroutine[Any, Any, Result]], stop: Callable[[str], None] | None = None
) -> Result:
    """Run a coroutine to its end in a thread of its own, and return what it returns.

    Args:
        begin: makes the coroutine; is given what calls callbacks in this thread.
        stop: ends the coroutine, from any thread; None: it is cancelled.

    Raises:
        BaseException: what the coroutine raises; or what was raised here in the meantime, as Ctrl-C is
            (KeyboardInterrupt): the coroutine was stopped, and has ended.
    """
    work = _Work(begin, stop)
    thread = threading.Thread(target=copy_context().run, args=(work.run,), name="persona-batch")
    thread.start()
    raised = _serve(work)
    while thread.is_alive():
        try:
            thread.join()
        except BaseException as error:  # noqa: BLE001 - raised below: it is over in a moment
            raised = raised or error
    if raised is not None:
        raise raised
    if work.error is not None:
        raise work.error
    return work.results[0]


def _serve(work: _Work[Any]) -> BaseException | None:
    """Call what the work asks to be called, until it is over; return the first that was raised here meanwhile."""
    raised: BaseException | None = None
    asked: _Asked | None = None
    while True:
        try:
            asked = work.asked.get(timeout=_PATIENCE)
            if asked is None:
                return raised
            asked.call()
        except Empty:
            continue
        except BaseException as error:  # noqa: BLE001 - raised when the work has ended
            raised = raised or error
            if asked is not None:
                asked.done.set()
            work.end()
