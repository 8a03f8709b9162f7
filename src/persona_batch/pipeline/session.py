"""One process's work on one run folder, between taking the lock and sealing the manifest."""

import gc
import shutil
import time
from contextlib import aclosing, suppress
from itertools import chain

from persona_batch.config.batch import Batch
from persona_batch.engine.engines import Job, engine_named
from persona_batch.engine.progress import Progress, pending
from persona_batch.errors import OUT_OF_MEMORY, BatchError, Interrupted, StoppedEarly, StorageError, UsageError
from persona_batch.pipeline.bounds import daily_ledger, policy_of, run_limits
from persona_batch.pipeline.observer import Observer
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.sealing import begin, seal, what_changed
from persona_batch.pipeline.signals import Signals
from persona_batch.pipeline.summary import CheckShare, Summary, exit_code_of
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.provider.contract import Provider
from persona_batch.provider.target import Target
from persona_batch.record.agreement import described, set_errors_aside, settle_records
from persona_batch.record.aside import Settled
from persona_batch.record.finding import point_latest
from persona_batch.record.journal import Sink
from persona_batch.record.manifest import Manifest, write_manifest
from persona_batch.record.reader import read_records, scan
from persona_batch.record.rundir import RunDir
from persona_batch.record.runlog import RunLog, as_is
from persona_batch.wording import counted, listed


class Session:
    """Takes up a run (under its lock), asks what is left, and seals it. `earlier` is the manifest of a resumed run."""

    def __init__(
        self,
        run: RunDir,
        earlier: Manifest | None,
        *,
        batch: Batch,
        target: Target,
        grid: Grid,
        options: RunOptions,
        observer: Observer,
    ) -> None:
        self._began = time.monotonic()
        self._run, self._earlier = run, earlier
        self._batch, self._target, self._grid, self._options = batch, target, grid, options
        self._observer = observer
        self._checks = CheckShare()
        self._interrupted = False
        self._edited = False
        self._seen = scan(run.records)
        self._settled = self._settle(earlier) if earlier else Settled()
        again = self._set_errors_aside(earlier) if options.retry_errors and earlier else 0  # those that came back too
        self._records_before = len(self._seen.keys)
        self._progress = Progress(total=len(grid))
        self._blocks = pending(grid.keyed(), self._seen.keys, self._progress)
        if earlier is not None:
            self._tell_what_was_found(earlier, again)
        cells = (
            self._records_before + sum(key not in self._seen.keys for key in grid.all_keys())
            if earlier and grid.narrowed
            else len(grid)
        )
        self._manifest = begin(earlier, run, batch=batch, target=target, grid=grid, cells=cells, options=options)
        if earlier is None:
            write_manifest(run.manifest, self._manifest)  # from now on the folder is a run, and `--continue` finds it

    def anything_left(self) -> bool:
        """Say whether a cell has no record yet; takes as long as skipping the finished ones before it."""
        for block in self._blocks:
            for first in block:
                self._blocks = chain((chain((first,), block),), self._blocks)
                return True
        return False

    async def ask_all(self, provider: Provider, signals: Signals) -> Summary:
        """Ask what is left; the records are on disk as they finish.

        Raises:
            UsageError: the endpoint refused the key or the model before it answered anything.
        """
        try:
            write_manifest(self._run.manifest, self._manifest)
            point_latest(self._run.path.parent)
            redactor = self._target.redactor
            with RunLog(self._run.log, redactor.clean if redactor else as_is) as log:
                await self._ask(provider, log, signals)
        except MemoryError:
            pass  # closed below, when the error no longer holds what took the memory
        except UsageError as error:
            if self._earlier is None and not self._progress.done:
                shutil.rmtree(self._run.path)
                point_latest(self._run.path.parent)
            else:
                self.close(error)
            raise
        except BatchError as stop:
            return self.close(stop)
        else:
            return self.close()
        gc.collect()
        return self.close(StoppedEarly(OUT_OF_MEMORY))

    def close(self, stop: BatchError | None = None) -> Summary:
        """Seal the manifest and say what the session came to; `stop` is what ended it early."""
        counts = self._seen.counts + self._progress.statuses
        if self._records_before and self._has_checks():  # a share of the whole run, as the counts are
            self._checks = CheckShare()
            for record in read_records(self._run.records):
                self._checks.add(record)
        code = stop.exit_code if stop else exit_code_of(counts["error"], self._checks, self._options.fail_under)
        seal(self._manifest, code, seen=self._seen, progress=self._progress)
        try:
            write_manifest(self._run.manifest, self._manifest)
        except StorageError as error:
            if stop is None:
                raise
            self._observer.note(f"the manifest could not be sealed either: {error}")
        present = self._present()
        return Summary(
            run_id=self._run.id,
            path=str(self._run.path),
            state=self._manifest.state,
            exit_code=code,
            cells=len(self._grid),
            asked=self._progress.done,
            skipped=present - self._progress.done,
            left=len(self._grid) - present,
            set_aside=self._settled.set_aside,
            returned=self._settled.returned,
            counts={str(status): count for status, count in counts.items()},
            tokens=self._manifest.tokens,
            checks=self._checks,
            seconds=time.monotonic() - self._began,
            message=None if stop is None else str(stop),
        )

    async def _ask(self, provider: Provider, log: RunLog, signals: Signals) -> None:
        gc.freeze()  # what is loaded by now stays; walking it again and again would delay time stamps
        limits = run_limits(self._batch, self._target, self._options)
        with Sink(self._run.records, keys=self._seen.keys) as sink, daily_ledger(self._target, limits) as ledger:
            job = Job(
                provider=provider,
                run_id=self._run.id,
                progress=self._progress,
                limits=limits,
                policy=policy_of(self._batch),
                ledger=ledger,
                log=log,
                on_text=self._observer.text if self._observer.wants_text else None,
                keep_thinking=self._batch.run.thinking == "keep",
            )
            engine = engine_named(self._options.engine)(job)
            self._observer.begin(self._run, self._grid, self._progress)

            def interrupted(reason: Interrupted) -> None:
                first = not self._interrupted and self._progress.in_flight > 0
                self._interrupted = True
                engine.stop(reason)  # before anything is said: the signal may be that of a terminal that is gone
                if first:
                    with suppress(OSError):
                        self._observer.note(f"{reason}: what is running has a few seconds to finish; once more ends it")

            with signals.stopping(interrupted):
                async with aclosing(engine.run(self._blocks)) as records:
                    async for record in records:
                        sink.append(record)
                        self._checks.add(record)
                        self._observer.record(record)

    def _has_checks(self) -> bool:
        batch, questions = self._batch, self._grid.all_questions
        return any(persona.checks for persona in batch.personas) or any(question.checks for question in questions)

    def _present(self) -> int:
        """Return how many of the grid's cells have a record."""
        if not self._records_before:
            return self._progress.done
        if not self._progress.left:
            return self._progress.skipped + self._progress.done
        return sum(key in self._seen.keys for key in self._grid.all_keys())

    def _set_errors_aside(self, earlier: Manifest) -> int:
        if earlier.counts.get("error"):
            # Without them the run is unfinished, also for a `--continue` after we were killed.
            earlier.state = "running"
            write_manifest(self._run.manifest, earlier)
        again = set_errors_aside(self._run)
        if again:
            self._seen = scan(self._run.records)
        return again

    def _settle(self, earlier: Manifest) -> Settled:
        """Bring the records in line with the batch as it stands, whatever was edited since."""
        if not self._may_differ(earlier):
            return Settled()

        def in_between() -> None:
            # Until the new manifest stands, nobody may take the records for those of any batch.
            earlier.plan, earlier.state = None, "running"
            write_manifest(self._run.manifest, earlier)

        self._edited = earlier.plan != self._grid.fingerprint
        settled = settle_records(self._run, self._grid, in_between)
        if settled:
            self._seen = scan(self._run.records)
        return settled

    def _may_differ(self, earlier: Manifest) -> bool:
        """Whether a record may belong no longer, or one that was set aside may belong again."""
        grid = self._grid
        models, samples = set(earlier.models), earlier.config.get("run", {}).get("samples")
        if earlier.plan != grid.fingerprint or samples is None or len(self._seen.keys) > grid.total:
            return True
        if not (models <= set(grid.models) and samples <= grid.samples):
            return True
        grown = models != set(grid.models) or samples != grid.samples
        return (grown and self._run.set_aside.exists()) or self._holds_strangers(earlier)

    def _holds_strangers(self, earlier: Manifest) -> bool:
        """Whether the folder holds records that the batch has no cell for, though no edit says so: copied together."""
        if earlier.state != "running" and sum(earlier.counts.values()) == len(self._seen.keys):
            return False  # as many as there were when the run was sealed
        left = len(self._seen.keys)
        keys = self._grid.all_keys(whole=True)
        while left and (key := next(keys, None)) is not None:
            left -= key in self._seen.keys
        return left > 0

    def _anew(self, earlier: Manifest) -> int:
        """Count the cells that this call asks for only because the batch is not what it was."""
        missing = KeySet()
        for key in self._grid.all_keys():
            if key not in self._seen.keys:
                missing.add(key)
        before = described(earlier)
        if before is None:
            return min(len(missing), self._settled.set_aside)
        return len(missing) - sum(key in missing for key in before.all_keys(whole=True))

    def _tell_what_was_found(self, earlier: Manifest, again: int) -> None:
        note, settled = self._observer.note, self._settled
        changed = what_changed(earlier, self._batch, self._options)
        if changed or settled:
            back = f", {settled.returned:,} came back" if settled.returned else ""
            aside = f"{counted(settled.set_aside, 'record')} set aside ({self._run.set_aside.name})"
            what = listed(changed) or ("its plan" if self._edited else "what is in its folder")
            note(
                f"the batch is not as it was: {what} changed; "
                f"{aside}{back}, {counted(self._anew(earlier), 'cell')} asked anew",
                always=True,
            )
        note(f"resuming {self._run.path}: {self._records_before:,} records on disk, {len(self._grid):,} cells to have")
        if again:
            note(f"{again:,} failed cells are asked again; their old records are in {self._run.errors.name}")
