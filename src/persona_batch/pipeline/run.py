"""The whole run on one page: from paths to a sealed run folder."""

import gc
import shutil
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from persona_batch.asking.limits import RunLimits, counts_ahead
from persona_batch.engine.engines import BATCH, Job, Site, engine_named
from persona_batch.engine.progress import Progress, counting, pending
from persona_batch.errors import (
    OUT_OF_MEMORY,
    BatchError,
    ConnectionFailed,
    Interrupted,
    StoppedEarly,
    StorageError,
    TimedOut,
    UsageError,
)
from persona_batch.pipeline.batchable import notes_of, require_batchable
from persona_batch.pipeline.call import Call, open_files, prepare_run
from persona_batch.pipeline.choosing import choosing, existing_run
from persona_batch.pipeline.estimate import usual_reply
from persona_batch.pipeline.observer import Observer, Stopper
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.paying import doubts_of, prices_of, within_cost
from persona_batch.pipeline.sealing import CheckShare, Summary, begun, seal
from persona_batch.pipeline.submitting import open_submissions, refuse_if_submitted
from persona_batch.pipeline.taking_up import take_up
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.provider.connect import choose_models
from persona_batch.provider.contract import Provider
from persona_batch.record.actor_journals import take_over
from persona_batch.record.aside import Settled
from persona_batch.record.finding import point_latest
from persona_batch.record.journal import Sink
from persona_batch.record.manifest import Manifest, read_manifest, write_manifest
from persona_batch.record.reader import Scan, billed, read_records, scan
from persona_batch.record.rundir import RunDir, create_run
from persona_batch.record.runlog import RunLog, as_is
from persona_batch.record.submissions import submitted


async def run_batch(options: RunOptions, observer: Observer, stopper: Stopper | None = None) -> Summary:
    """Ask every cell of a batch that has no record yet, and seal the run.

    Await it in any thread's loop: nothing of the process (signals, `gc`, limits, the loop's handlers) is changed for
    longer than the call. `stopper` ends it from outside.

    Returns what the call came to, also when it stopped early (quota, budget, time limit, Ctrl-C): `exit_code` and
    `message` say so.

    Raises:
        UsageError: something is wrong with the input or the endpoint; nothing was asked, no folder is left behind.
        RunLocked: another process is on this run.
        StorageError: the run folder cannot be made.
        Interrupted: it was stopped before anything was asked.
    """
    stopper = stopper or Stopper()
    async with stopper.ending_at_once(), AsyncExitStack() as stack:
        call = prepare_run(options)
        require_batchable(call)
        for warning in (*call.batch.warnings, *notes_of(call)):
            observer.note(warning)
        limits = stack.enter_context(open_files(call.limits, call.options.workers, len(call.target.base_urls)))
        reach = partial(_reach, stack, call, limits, observer)
        provider = None
        async with choosing(call):
            run, earlier = existing_run(call)
            models = call.models(earlier)
            if run is None or not models:
                provider, models = await reach(models)
            grid = call.grid(models)
            prices = prices_of(call, grid)
            for doubt in doubts_of(call, prices):
                observer.note(doubt)
            limits = within_cost(limits, call, prices)
            run = run or create_run(call.options.out, call.batch.id, datetime.now(UTC), call.shard)
            stack.enter_context(run.lock())
            refuse_if_submitted(run, call.options.engine)
            began = time.monotonic()
            if earlier is not None:
                earlier = read_manifest(run.manifest)  # another process may have been on it until just now
                take_over(run, observer.note)
                seen, settled = take_up(run, earlier, call, grid, observer.note)
            else:
                seen, settled = scan(run.records), Settled()
            manifest = begun(earlier, run, call, grid, cells=_asked_so_far(earlier, grid, seen.keys), prices=prices)
            if earlier is None:
                write_manifest(run.manifest, manifest)  # from now on the folder is a run, and `--continue` finds it
        session = Session(call, grid, run, seen, settled, manifest, observer, began, is_new=earlier is None)
        if not session.anything_left() and not session.collects():
            return session.close()
        if provider is None:
            try:
                provider, _ = await reach(models, resuming=True)
            except StoppedEarly as stop:
                return session.close(stop)
        if counts_ahead(limits):
            limits = replace(limits, usual_reply=usual_reply(run.records))
        return await session.ask_all(provider, limits, stopper)


async def _reach(
    stack: AsyncExitStack,
    call: Call,
    limits: RunLimits,
    observer: Observer,
    named: tuple[str, ...],
    *,
    resuming: bool = False,
) -> tuple[Provider, tuple[str, ...]]:
    """Open the endpoint; return it, and the models to ask: the first contact, so what is wrong with it shows here."""
    wanted = call.limits.concurrency
    note_of_key = partial(observer.note, always=True)
    provider = call.connect(note_of_key, concurrency=limits.concurrency, live=observer.wants_text)
    if limits.concurrency < wanted:
        observer.note(
            f"{limits.concurrency} requests at a time instead of {wanted}: the system lets a process have no more "
            "files open; `ulimit -n` tells and raises how many"
        )
    if call.asks_nobody:
        return provider, named
    await stack.enter_async_context(provider)
    try:
        models = await choose_models(provider, named, lists_all=call.target.preset.lists_all, note=observer.note)
    except UsageError as error:
        if resuming and isinstance(error.__cause__, (ConnectionFailed, TimedOut)):
            raise StoppedEarly(str(error)) from error
        raise
    return provider, tuple(models)


def _asked_so_far(earlier: Manifest | None, grid: Grid, seen: KeySet) -> int | None:
    """Count the cells that are asked for by this call and the ones before; None: of a shard that is not counted yet."""
    if earlier is None or not grid.filtered:
        return grid.count.known
    return len(seen) + sum(key not in seen for key in grid.all_keys())


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
