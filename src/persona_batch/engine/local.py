"""The engine of one process: a bounded number of workers on one event loop.

A worker takes a cell, asks it, hands its record over and takes the next; no task, list or queue grows with the
grid. Records come out as they finish.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from functools import partial

from persona_batch.asking.breaker import Breaker
from persona_batch.asking.gate import Gate
from persona_batch.asking.halt import Halt, Halted
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RunLimits
from persona_batch.asking.retry import RetryPolicy, ask
from persona_batch.asking.words import duration
from persona_batch.engine.progress import Progress
from persona_batch.errors import BatchError, StoppedEarly, StorageError
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import Provider
from persona_batch.record import Record
from persona_batch.record.runlog import RunLog


class LocalEngine:
    """Runs cells of one run, once.

    Args:
        provider: the open endpoint.
        run_id: goes into the records.
        progress: kept up to date.
        limits: what may be asked.
        policy: when to try again.
        ledger: counts the day's requests; needed if `limits.per_day` is set.
        log: told of retries and pauses.
        grace: seconds that running requests get after `stop`.
        on_text: called with each piece of each reply.
        keep_thinking: leave thoughts that a model wrote into its text in the replies.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        run_id: str,
        progress: Progress,
        limits: RunLimits | None = None,
        policy: RetryPolicy | None = None,
        ledger: Ledger | None = None,
        log: RunLog | None = None,
        grace: float = 5.0,
        on_text: Callable[[Cell, str], None] | None = None,
        keep_thinking: bool = False,
    ) -> None:
        self._provider = provider
        self._run_id = run_id
        self.progress = progress
        self._limits = limits or RunLimits()
        self._policy = policy or RetryPolicy()
        self._ledger = ledger
        self._log = log or RunLog()
        self._grace = grace
        self._on_text = on_text
        self._keep_thinking = keep_thinking
        self._halt = Halt()
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._failure: BaseException | None = None

    async def run(self, cells: Iterator[Cell | None]) -> AsyncGenerator[Record, None]:
        """Yield a record per cell, as it finishes; `cells` is read lazily, and None in it is passed over.

        Closing the iterator cancels what is under way.

        Raises:
            StoppedEarly: a quota, budget or time limit, or an endpoint that is down; cells are left.
            UsageError: the key is refused or the model unknown, and nothing was answered.
            BatchError: what was given to `stop`, if cells are left.
        """
        loop = asyncio.get_running_loop()
        limits = self._limits
        gate = Gate(
            limits,
            halt=self._halt,
            progress=self.progress,
            ledger=self._ledger,
            log=self._log,
            patience=self._policy.total,
        )
        breaker = Breaker(self._halt)
        finished: asyncio.Queue[Record | None] = asyncio.Queue()
        room = asyncio.Semaphore(2 * limits.concurrency)  # cells taken whose records were not yet fetched
        self._workers = [
            asyncio.create_task(self._work(cells, gate, breaker, room, finished)) for _ in range(limits.concurrency)
        ]
        supervisor = asyncio.create_task(self._supervise(finished))
        timer = None if limits.time_limit is None else loop.call_later(limits.time_limit, self._time_is_up)
        try:
            while (record := await finished.get()) is not None:
                room.release()
                yield record
                self.progress.finish(record)  # not before it is on disk: a full disk must not make us miscount
        finally:
            if timer is not None:
                timer.cancel()
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)
        if self._failure is not None:
            raise self._failure
        if self._halt.reason is not None and self.progress.left > 0:
            if not self._stopping:
                self._log.write("stop", reason=str(self._halt.reason))
            raise self._halt.reason

    def stop(self, reason: BatchError) -> None:
        """Stop the run: nothing new is asked, waits end, running requests get some seconds to finish.

        Called again, it cancels them at once. Call it from the loop's thread (a signal handler of the loop is).
        """
        self._halt.set(reason)
        if self._stopping:
            self._cancel()
            return
        self._stopping = True
        asyncio.get_running_loop().call_later(self._grace, self._cancel)
        with suppress(StorageError):  # a full disk must not keep the run from stopping; the records' own writer tells
            self._log.write("stop", reason=str(reason))

    async def _work(
        self,
        cells: Iterator[Cell | None],
        gate: Gate,
        breaker: Breaker,
        room: asyncio.Semaphore,
        finished: asyncio.Queue[Record | None],
    ) -> None:
        while self._halt.reason is None:
            await room.acquire()
            cell = await self._next(cells)
            if cell is None:
                return
            try:
                record = await ask(
                    self._provider,
                    cell,
                    run_id=self._run_id,
                    policy=self._policy,
                    gate=gate,
                    breaker=breaker,
                    halt=self._halt,
                    log=self._log,
                    progress=self.progress,
                    on_text=None if self._on_text is None else partial(self._on_text, cell),
                    keep_thinking=self._keep_thinking,
                )
            except Halted:
                return
            finished.put_nowait(record)

    async def _next(self, cells: Iterator[Cell | None]) -> Cell | None:
        for cell in cells:
            if cell is not None:
                return cell
            await asyncio.sleep(0)
            if self._halt.reason is not None:
                break
        return None

    async def _supervise(self, finished: asyncio.Queue[Record | None]) -> None:
        """Wait for the workers; the first that breaks takes the others with it."""
        try:
            done, _ = await asyncio.wait(self._workers, return_when=asyncio.FIRST_EXCEPTION)
            for worker in done:
                if not worker.cancelled() and self._failure is None:
                    self._failure = worker.exception()
        finally:
            self._cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)
            finished.put_nowait(None)

    def _cancel(self) -> None:
        for worker in self._workers:
            worker.cancel()

    def _time_is_up(self) -> None:
        limit = self._limits.time_limit
        if limit is not None and not self._stopping:
            self.stop(StoppedEarly(f"the time limit of {duration(limit)} (--time-limit) is reached"))
