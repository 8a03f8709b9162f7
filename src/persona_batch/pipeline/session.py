"""One process's work on one run folder: what is left is asked, each record is written, the end is sealed."""

import gc
import shutil
import time
from collections.abc import Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from itertools import chain

from persona_batch.asking.limits import RunLimits
from persona_batch.engine.engines import BATCH, Job, Site, engine_named
from persona_batch.engine.progress import Progress, counting, pending
from persona_batch.errors import OUT_OF_MEMORY, BatchError, Interrupted, StoppedEarly, StorageError, UsageError
from persona_batch.pipeline.call import Call
from persona_batch.pipeline.observer import Observer, Stopper
from persona_batch.pipeline.sealing import CheckShare, Summary, seal
from persona_batch.pipeline.submitting import open_submissions
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.provider.contract import Provider
from persona_batch.record.aside import Settled
from persona_batch.record.finding import point_latest
from persona_batch.record.journal import Sink
from persona_batch.record.manifest import Manifest, write_manifest
from persona_batch.record.reader import Scan, billed, read_records
from persona_batch.record.rundir import RunDir
from persona_batch.record.runlog import RunLog, as_is
from persona_batch.record.submissions import submitted


@dataclass(slots=True)
class Session:
    """One process's work on one run folder, between taking the lock and sealing the manifest.

    `began` is when, on the clock of `time.monotonic`; `is_new`: this call has made the folder.
    """

    call: Call
    grid: Grid
    run: RunDir
    seen: Scan
    settled: Settled
    manifest: Manifest
    observer: Observer
    began: float
    is_new: bool
    progress: Progress = field(init=False)
    checks: CheckShare = field(default_factory=CheckShare)
    _blocks: Iterator[Iterator[Cell]] = field(init=False)

    def __post_init__(self) -> None:
        prices, count = self.manifest.prices, self.grid.count
        bill = billed(self.run.records, prices)
        self.progress = Progress(total=count.about, counted=count.known is not None, prices=prices, bill=bill)
        keyed = self.grid.keyed_before_shard()
        self._blocks = pending(keyed, self.seen.keys, self.progress, self.grid.shard)

    def anything_left(self) -> bool:
        """Say whether a cell has no record yet; takes as long as skipping the finished ones before it."""
        for block in self._blocks:
            for first in block:
                self._blocks = chain((chain((first,), block),), self._blocks)
                return True
        return False

    def collects(self) -> bool:
        """Say whether batch files are under way, of which even without cells an end is to be written down."""
        return self.call.options.engine == BATCH and bool(open_submissions(self.run))

    async def ask_all(self, provider: Provider, limits: RunLimits, stopper: Stopper) -> Summary:
        """Ask what is left; the records are on disk as they finish.

        Raises:
            UsageError: the endpoint refused the key or the model before it answered anything.
        """
        try:
            write_manifest(self.run.manifest, self.manifest)
            point_latest(self.run.path.parent)
            redactor = self.call.target.redactor
            with RunLog(self.run.log, redactor.clean if redactor else as_is) as log:
                await self._ask(provider, limits, log, stopper)
        except MemoryError:
            pass  # closed below, when the error no longer holds what took the memory
        except UsageError as error:
            if self.is_new and not self.progress.done and not open_submissions(self.run):
                shutil.rmtree(self.run.path)
                point_latest(self.run.path.parent)
            else:
                self.close(error)
            raise
        except BatchError as stop:
            return self.close(stop)
        else:
            return self.close()
        gc.collect()
        return self.close(StoppedEarly(OUT_OF_MEMORY))

    async def _ask(self, provider: Provider, limits: RunLimits, log: RunLog, stopper: Stopper) -> None:
        with Sink(self.run.records, keys=self.seen.keys) as sink, self.call.ledger() as ledger:
            job = Job(
                provider=provider,
                run_id=self.run.id,
                progress=self.progress,
                limits=limits,
                policy=self.call.policy,
                ledger=ledger,
                log=log,
                on_text=self.observer.text if self.observer.wants_text else None,
                keep_thinking=self.call.batch.run.thinking == "keep",
                site=self._site(),
            )
            engine = engine_named(self.call.options.engine)(job)
            self.observer.begin(self.run, self.grid, self.progress)
            told = False

            def stop(reason: Interrupted) -> None:
                nonlocal told
                first, told = not told and self.progress.in_flight > 0, True
                engine.stop(reason)  # before anything is said: the signal may be that of a terminal that is gone
                if first:
                    with suppress(OSError):
                        self.observer.note(f"{reason}: what is running has a few seconds to finish; once more ends it")

            with stopper.stopping(stop):
                async with counting(self.grid, self.progress), aclosing(engine.run(self._blocks)) as records:
                    async for record in records:
                        sink.append(record)
                        self.checks.add(record)
                        self.observer.record(record)

    def _site(self) -> Site:
        options = self.call.options
        return Site(
            run=self.run,
            target=self.call.target,
            timeouts=self.call.timeouts,
            wait=options.wait,
            window=options.window,
            shard=options.shard,
            note=self.observer.note,
            left=lambda: pending(self.grid.keyed(), self.seen.keys, Progress(total=0)),
            workers=options.workers,
            custom_checks=options.custom_checks,
        )

    def close(self, stop: BatchError | None = None) -> Summary:
        """Seal the manifest and say what the session came to; `stop` is what ended it early."""
        seen, progress = self.seen, self.progress
        if self._resumes and self._has_checks():  # a share of the whole run, as the counts are
            self.checks = CheckShare()
            for record in read_records(self.run.records):
                self.checks.add(record)
        code = stop.exit_code if stop else self._exit_code()
        if self.manifest.cells is None:
            self.manifest.cells = len(self.grid)
        seal(self.manifest, code, seen=seen, progress=progress)
        try:
            write_manifest(self.run.manifest, self.manifest)
        except StorageError as error:
            if stop is None:
                raise
            self.observer.note(f"the manifest could not be sealed either: {error}")
        present = self._present()
        return Summary(
            run_id=self.run.id,
            path=str(self.run.path),
            state=self.manifest.state,
            exit_code=code,
            cells=len(self.grid),
            asked=progress.done,
            skipped=present - progress.done,
            left=len(self.grid) - present,
            submitted=submitted(self.run.submissions),
            set_aside=self.settled.set_aside,
            returned=self.settled.returned,
            counts=self.manifest.counts,
            tokens=self.manifest.tokens,
            cost=self.manifest.cost,
            checks=self.checks,
            seconds=time.monotonic() - self.began,
            message=None if stop is None else str(stop),
        )

    @property
    def _resumes(self) -> bool:
        """Whether there were records before this call asked anything."""
        return self.seen.counts.total() > 0

    def _exit_code(self) -> int:
        """Return that of a run that asked all its cells: 0, 1 (failed cells) or 100 (checks under the share)."""
        if self.seen.counts["error"] or self.progress.failed:
            return 1
        share, least = self.checks.share, self.call.options.fail_under
        return 100 if least is not None and share is not None and share < least else 0

    def _has_checks(self) -> bool:
        personas, questions = self.call.batch.personas, self.grid.all_questions
        return any(one.checked for one in personas) or any(one.checked for one in questions)

    def _present(self) -> int:
        """Return how many of the grid's cells have a record."""
        if not self._resumes:
            return self.progress.done
        if not self.progress.left:
            return self.progress.skipped + self.progress.done
        return sum(key in self.seen.keys for key in self.grid.all_keys())
