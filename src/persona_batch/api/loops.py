"""Calling what is asynchronous from where nothing may be awaited, a notebook's running loop among these places.

The work has a thread and a loop of its own, so no loop, policy or signal handler of the caller's is touched. The
caller's thread waits, and is where callbacks run: what they use (a connection, a progress bar) belongs to it.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeAlias, TypeVar

Result = TypeVar("Result")
Perform: TypeAlias = Callable[[Callable[[], object]], None]
"""Calls a function where the caller's callbacks are to run, and returns when it has; what it raises passes through."""

_PATIENCE = 0.5  # seconds: a signal that another thread took, and any on Windows, is only seen between two waits


def at_once(function: Callable[[], object]) -> None:
    """Call a function here and now."""
    function()


class Carried(Exception):
    """Brings what a callback raised through coroutines and tasks, which take some errors for their own.

    A StopIteration cannot leave a coroutine, and KeyboardInterrupt and SystemExit in a task end the loop.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


def carrying(perform: Perform) -> Perform:
    """Return the same, but for what is raised: it comes as `Carried`."""

    def call(function: Callable[[], object]) -> None:
        try:
            perform(function)
        except BaseException as error:  # noqa: BLE001 - it is carried to the caller
            raise Carried(error) from None

    return call


def check_loop() -> None:
    """Check that the running loop is one of asyncio.

    Raises:
        RuntimeError: it is another's, as trio's.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        told = "this needs a running loop of asyncio; elsewhere call `run` or `ask`, in a thread of their own"
        raise RuntimeError(told) from None


async def awaited(work: Awaitable[Result]) -> Result:
    """Await a work, and raise what it carries.

    Raises:
        BaseException: what a callback raised; of a StopIteration a RuntimeError, as Python has it of any coroutine.
    """
    try:
        return await work
    except Carried as carried:
        error = carried.error
    if isinstance(error, StopIteration):
        raise RuntimeError("a callback raised StopIteration") from error  # noqa: TRY004 - what Python raises
    raise error


@dataclass(slots=True)
class _Asked:
    """A function that the caller's thread is to call."""

    function: Callable[[], object]
    taken: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def call(self) -> None:
        if self.taken:
            return
        try:
            self.taken = True
            self.function()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            self.error = error
        finally:
            self.done.set()


@dataclass(slots=True)
class _Work(Generic[Result]):
    """A coroutine in a thread of its own, and what it asks of the thread that waits for it.

    A signal may raise between any two steps of the thread that waits, and none of it may be lost by that: what was
    taken from the queue and not called is put there again, and what was left in the middle is called done.
    """

    begin: Callable[[Perform], Coroutine[Any, Any, Result]]
    stop: Callable[[str], None] | None
    raised: list[BaseException] = field(default_factory=list)  # in the thread that waits
    results: list[Result] = field(default_factory=list)
    error: BaseException | None = None
    _queue: "SimpleQueue[_Asked | None]" = field(default_factory=SimpleQueue)
    _asked: _Asked | None = None
    _over: bool = False
    _ended: int = 0
    _task: "asyncio.Task[Result] | None" = None
    _loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Do the work, in its own thread."""
        try:
            # with a factory the runner leaves the thread's loop, and so the policy, alone
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                self.results.append(runner.run(self._main()))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.error = error
        finally:
            self._over = True
            self._queue.put(None)

    async def _main(self) -> Result:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._ended:
            raise asyncio.CancelledError
        return await self.begin(self._perform)

    def _perform(self, function: Callable[[], object]) -> None:
        self._asked = asked = _Asked(function)
        self._queue.put(asked)
        while not asked.done.wait(_PATIENCE):
            if not asked.taken:
                self._queue.put(asked)
        if asked.error is not None:
            raise asked.error

    def wait(self, thread: threading.Thread) -> None:
        """Call what the work asks to be called, until it is over; in the thread that waits, again after an error."""
        if self._asked is not None and self._asked.taken:
            self._asked.done.set()
        while self._ended < len(self.raised):
            self._end()
        while not self._over:
            with suppress(Empty):
                if (asked := self._queue.get(timeout=_PATIENCE)) is not None:
                    asked.call()
        thread.join()

    def _end(self) -> None:
        self._ended += 1
        if self.stop is not None:
            self.stop("interrupted")
        elif self._loop is not None and self._task is not None and not self._loop.is_closed():
            with suppress(RuntimeError):  # it was closed just now
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
    while thread.is_alive():
        try:
            _wait(work, thread)
        except BaseException as error:  # noqa: BLE001 - raised below, when the work has ended
            work.raised.append(error)
    if work.raised:
        raise work.raised[0]
    if work.error is not None:
        raise work.error.error if isinstance(work.error, Carried) else work.error
    return work.results[0]


def _wait(work: _Work[Any], thread: threading.Thread) -> None:
    while thread.is_alive():
        try:
            work.wait(thread)
        except BaseException as error:  # noqa: BLE001 - as above: a signal may also come while one is handled
            work.raised.append(error)
