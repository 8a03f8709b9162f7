"""An actor: it holds the asking room, plays the cells that it is given, and keeps a journal of what came of them.

A record is in the journal before anybody is told of it. So an actor may be killed at any moment: nothing is lost of
what was answered, and what was on its way is asked anew by another one.
"""

import asyncio
import os
import pickle
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from persona_batch.asking.asker import Asker
from persona_batch.asking.breaker import Halted
from persona_batch.asking.gate import Gate
from persona_batch.asking.leases import Answer, LeasedGate, Leases
from persona_batch.asking.limits import Gauge
from persona_batch.checks.custom import enable
from persona_batch.engine.play import play
from persona_batch.engine.ray.messages import Report, Setup, Started
from persona_batch.engine.ray.outbox import Outbox, SentLog
from persona_batch.errors import BatchError, RunLocked, UsageError
from persona_batch.folders import state_folder
from persona_batch.plan.cell import Cell
from persona_batch.provider.connect import open_provider
from persona_batch.provider.target import Target
from persona_batch.record import Record
from persona_batch.record.actor_journals import SIGN, clear, journals_in, left_behind, lock_of
from persona_batch.record.durable import storage_error
from persona_batch.record.journal import Sink

_NEWS = 0.5  # seconds at most between two reports
_ORPHANED = 120.0  # seconds without anybody who asks for a report
_CHUNK = 500  # records of a journal that are handed over at once
_DYING = 5.0  # seconds that a killed actor may hold its journal


class AskingActor:
    """One actor; every method is called from elsewhere, by Ray. `name` is its own among those of all runs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stack = AsyncExitStack()
        self._gauge = Gauge()
        self._playing = 0  # cells
        self._workers: list[asyncio.Task[None]] = []
        self._left: list[list[Record]] = []
        self._reported = asyncio.Event()
        self._broken: BatchError | None = None

    async def start(self, setup: Setup) -> Started:
        """Open the endpoint and the journal."""
        host = socket.gethostname()
        self._setup = setup
        self._outbox = Outbox()
        self._cells: asyncio.Queue[Cell] = asyncio.Queue()
        try:
            target: Target = pickle.loads(setup.target)  # noqa: S301  # from the run that made this actor
            enable(setup.custom_checks)
            self._open_journal(Path(setup.folder))
            await self._open_asker(target)
        except UsageError as error:
            return Started(host, shared=False, error=UsageError(f"the actor on {host}: {error}"))
        except BatchError as error:
            return Started(host, shared=False, error=error)
        self._workers = [asyncio.create_task(self._work()) for _ in range(setup.limits.concurrency)]
        self._watch = asyncio.create_task(self._end_when_orphaned())
        return Started(host, self._shared)

    async def left(self) -> Sequence[Record]:
        """Return the next records that others left behind on this machine; none: that was all."""
        return self._left.pop() if self._left else ()

    async def give(self, cells: Sequence[Cell]) -> None:
        """Take cells to ask."""
        for cell in cells:
            self._cells.put_nowait(cell)

    async def answer(self, answers: Sequence[Answer]) -> None:
        """Take the answers of whoever keeps the limits."""
        for answer in answers:
            self._leases.take(answer)

    async def stop(self, reason: BatchError) -> None:
        """Ask nothing new; requests on their way may finish."""
        if self._workers:
            self._asker.stop(reason)
            self._outbox.wake()

    async def cancel(self) -> None:
        """Give up what is under way."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        if self._workers:
            self._outbox.wake()

    async def report(self) -> Report:
        """Wait for news, and return them.

        Raises:
            Exception: a mistake of the program's own ended the work on a cell.
        """
        self._reported.set()
        await self._outbox.wait(_NEWS)
        for worker in self._workers:
            if worker.done() and not worker.cancelled() and (broken := worker.exception()) is not None:
                if not isinstance(broken, BatchError):
                    raise broken
                self._broken = broken
        stopped = self._broken or self._asker.stopped
        idle = not self._playing and (stopped is not None or self._cells.empty())
        return self._outbox.emptied(self._gauge, stopped=stopped, idle=idle)

    async def close(self, *, finished: bool) -> None:
        """End; `finished`: all that is in journals of the run is in its records."""
        self._watch.cancel()
        await self.cancel()
        await self._stack.aclose()
        if finished and not self._shared:
            clear(self._folder)

    async def _work(self) -> None:
        setup = self._setup
        while True:
            cell = await self._cells.get()
            self._playing += 1
            try:
                on_text = partial(self._outbox.text, cell.key) if setup.live else None
                record = await play(cell, self._asker, run_id=setup.run_id, on_text=on_text)
                self._sink.append(record)
                self._outbox.record(record)
            except Halted:
                return
            finally:
                self._playing -= 1
                self._outbox.wake()

    def _open_journal(self, shared: Path) -> None:
        """Open the journal, and find those of actors that are gone where nobody but an actor of this machine can."""
        setup = self._setup
        self._shared = _says(shared / SIGN, setup.sign)
        self._folder = shared if self._shared else state_folder() / "ray" / setup.run_id
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(self._folder, error) from error
        for journal in () if self._shared else journals_in(self._folder):
            try:
                with left_behind(journal, _DYING) as records:
                    found = list(records)
            except RunLocked:  # it is another actor's of this run, which lives
                continue
            self._left += [found[at : at + _CHUNK] for at in range(0, len(found), _CHUNK)]
        path = self._folder / f"{self._name}.jsonl"
        self._stack.enter_context(lock_of(path))
        self._sink = self._stack.enter_context(Sink(path))

    async def _open_asker(self, target: Target) -> None:
        setup = self._setup
        provider = open_provider(target, concurrency=setup.limits.concurrency, timeouts=setup.timeouts)
        await self._stack.enter_async_context(provider)
        self._leases = Leases(self._outbox.word)
        self._asker = Asker(
            provider,
            limits=setup.limits,
            policy=setup.policy,
            log=SentLog(self._outbox, target.redactor.clean),
            gauge=self._gauge,
            keep_thinking=setup.keep_thinking,
            make_gate=partial(LeasedGate, leases=self._leases) if setup.leased else Gate,
        )

    async def _end_when_orphaned(self) -> None:
        """End the process when nobody asks for reports: Ray ends it with the run's process, unless it is cut off."""
        while True:
            self._reported.clear()
            try:
                async with asyncio.timeout(_ORPHANED):
                    await self._reported.wait()
            except TimeoutError:
                os._exit(1)
            await asyncio.sleep(_NEWS)


def _says(path: Path, sign: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == sign
    except OSError:
        return False
