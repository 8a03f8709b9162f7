"""The engine of one process: a bounded number of workers on one event loop.

A worker takes a cell, plays it, hands its record over and takes the next; no task, list or queue grows with the
grid. Records come out as they finish.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from functools import partial

from persona_batch.asking.asker import Asker
from persona_batch.asking.breaker import Halted
from persona_batch.engine.engines import Job
from persona_batch.engine.play import play
from persona_batch.engine.stopping import Stopping
from persona_batch.errors import BatchError
from persona_batch.plan.cell import Cell
from persona_batch.record import Record


class LocalEngine:
    """Runs a job in this process; see `engines.Engine`. `grace`: seconds that running requests get after `stop`."""

    def __init__(self, job: Job, *, grace: float = 5.0) -> None:
        self.job = job
        self._asker = Asker(
            job.provider,
            limits=job.limits,
            policy=job.policy,
            ledger=job.ledger,
            log=job.log,
            gauge=job.progress,
            keep_thinking=job.keep_thinking,
        )
        self._block: Iterator[Cell] = iter(())  # what is left of the block that is being asked
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = Stopping(job, halt=self._asker.stop, cancel=self._cancel, grace=grace)
        self._failure: BaseException | None = None

    async def run(self, blocks: Iterable[Iterable[Cell]]) -> AsyncGenerator[Record, None]:
        """Yield a record per cell, as it finishes."""
        limits, progress = self.job.limits, self.job.progress
        left = iter(blocks)
        finished: asyncio.Queue[Record | None] = asyncio.Queue()
        room = asyncio.Semaphore(2 * limits.concurrency)  # cells taken whose records were not yet fetched
        self._workers = [asyncio.create_task(self._work(left, room, finished)) for _ in range(limits.concurrency)]
        supervisor = asyncio.create_task(self._supervise(finished))
        with self._stopping.timed():
            try:
                while (record := await finished.get()) is not None:
                    room.release()
                    yield record
                    progress.finish(record)  # not before it is on disk: a full disk must not make us miscount
            finally:
                supervisor.cancel()
                await asyncio.gather(supervisor, return_exceptions=True)
        if self._failure is not None:
            raise self._failure
        self._stopping.end(self._asker.stopped)

    def stop(self, reason: BatchError) -> None:
        """Stop the run gently; called again, at once."""
        self._stopping.stop(reason)

    async def _work(
        self, blocks: Iterator[Iterable[Cell]], room: asyncio.Semaphore, finished: asyncio.Queue[Record | None]
    ) -> None:
        job = self.job
        while True:
            await room.acquire()
            cell = await self._next(blocks)
            if cell is None:
                return
            on_text = None if job.on_text is None else partial(job.on_text, cell)
            try:
                record = await play(cell, self._asker, run_id=job.run_id, on_text=on_text)
            except Halted:
                return
            finished.put_nowait(record)

    async def _next(self, blocks: Iterator[Iterable[Cell]]) -> Cell | None:
        """Return the next cell; None: there is none, or nothing is asked any more."""
        while self._asker.stopped is None:
            for cell in self._block:
                return cell
            block = next(blocks, None)
            if block is None:
                break
            self._block = iter(block)
            await asyncio.sleep(0)  # a million finished cells must not keep the loop from its work
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
