"""Calls of the engine of batch files, one after the other on one run, against the fake endpoint over real HTTP."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.cells import keyed, make_cell
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.engine.batches import creating
from persona_batch.engine.batches import engine as looking_engine
from persona_batch.engine.batches.engine import BatchEngine
from persona_batch.engine.engines import Job, Site
from persona_batch.engine.progress import Progress, pending
from persona_batch.errors import BatchError
from persona_batch.plan.cell import Cell
from persona_batch.plan.key import KeySet
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.provider.target import Target
from persona_batch.record import Record
from persona_batch.record.rundir import RunDir, run_at
from persona_batch.record.runlog import RunLog
from persona_batch.record.submissions import Submission, read_submissions
from provider.batching import target_at
from servers.batch_plan import Plan
from servers.batches import BatchServer, batches

_AT_ONCE = RetryPolicy(retries=3, base=0.0)


@dataclass
class Called:
    """What one call came to: its records, why it ended early (None: nothing is left), and its counts."""

    records: list[Record]
    ended: BatchError | None
    progress: Progress

    @property
    def said(self) -> str:
        """Its last words."""
        return str(self.ended or "")


@dataclass
class Bench:
    """A run in a folder, its cells and its endpoint."""

    run: RunDir
    server: BatchServer
    target: Target
    cells: list[Cell]
    records: dict[str, Record] = field(default_factory=dict)

    def call(
        self,
        *,
        limits: RunLimits | None = None,
        ledger: Ledger | None = None,
        wait: float | None = None,
        during: Callable[[BatchEngine], object] | None = None,
    ) -> Called:
        """Call the engine once; what it yields is kept, each key once."""
        return asyncio.run(self._call(limits or RunLimits(), ledger, wait, during))

    async def _call(
        self,
        limits: RunLimits,
        ledger: Ledger | None,
        wait: float | None,
        during: Callable[[BatchEngine], object] | None,
    ) -> Called:
        progress = Progress(total=len(self.cells))
        called = Called([], None, progress)
        async with OpenAIProvider(self.target, concurrency=2, timeouts=Timeouts(connect=5)) as provider:
            with RunLog(self.run.log, self.target.redactor.clean) as log:
                site = Site(
                    run=self.run,
                    target=self.target,
                    timeouts=Timeouts(),
                    wait=wait,
                    left=lambda: self._pending(Progress(total=0)),
                )
                job = Job(
                    provider=provider,
                    run_id="run",
                    progress=progress,
                    limits=limits,
                    policy=_AT_ONCE,
                    ledger=ledger,
                    log=log,
                    site=site,
                )
                engine = BatchEngine(job)
                if during is not None:
                    during(engine)
                try:
                    async for record in engine.run(self._pending(progress)):
                        assert record.key not in self.records, "a second record of a key"
                        self.records[record.key] = record
                        called.records.append(record)
                except BatchError as error:
                    called.ended = error
        return called

    def _pending(self, progress: Progress) -> Iterator[Iterator[Cell]]:
        done = KeySet()
        for key in self.records:
            done.add(key)
        return pending(keyed(self.cells), done, progress)

    def finish(self, calls: int = 12) -> int:
        """Call until nothing is left; return how often."""
        for number in range(1, calls + 1):
            if self.call().ended is None:
                return number
        raise AssertionError(f"cells are left after {calls} calls")

    @property
    def submissions(self) -> list[Submission]:
        """What the run's file says."""
        return read_submissions(self.run.submissions)

    @property
    def steps(self) -> list[str]:
        """How the submissions stand."""
        return [one.step for one in self.submissions]

    def handed_over(self, cell: Cell) -> int:
        """Return in how many batches a cell was."""
        return self.server.times(cell.key)

    def log(self) -> str:
        """Return what the run's log says."""
        return self.run.log.read_text(encoding="utf-8")


@contextmanager
def bench(
    folder: Path,
    plan: Plan | None = None,
    *,
    cells: int | Iterable[Cell] = 4,
    facts: dict[str, Any] | None = None,
    arrived: float = 0.0,
) -> Iterator[Bench]:
    """Yield a run that nobody has called yet. `arrived`: see `creating.ARRIVED`."""
    made = [make_cell(number) for number in range(cells)] if isinstance(cells, int) else list(cells)
    path = folder / "run"
    path.mkdir(parents=True)
    before = creating.ARRIVED, looking_engine.FIRST_PAUSE
    creating.ARRIVED, looking_engine.FIRST_PAUSE = arrived, 0.01  # type: ignore[misc]  # nobody waits in a test
    try:
        with batches(plan or Plan(), folder=folder / "server") as server:
            target = target_at(server)
            assert target.preset.batch is not None
            preset = replace(target.preset, batch=replace(target.preset.batch, **(facts or {})))
            yield Bench(run_at(path), server, replace(target, preset=preset), made)
    finally:
        creating.ARRIVED, looking_engine.FIRST_PAUSE = before  # type: ignore[misc]
