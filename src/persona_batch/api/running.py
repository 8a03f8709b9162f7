"""`run`, `run_async` and `dry_run`: every persona, every question, every reply on disk."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from persona_batch.api.arguments import AskedRun, read_run
from persona_batch.api.loops import Carried, Perform, at_once, awaited, blocking, check_loop
from persona_batch.api.results import Progress, Run
from persona_batch.api.taking import taking
from persona_batch.api.words import in_python
from persona_batch.errors import BatchError
from persona_batch.pipeline.observer import Stopper

if TYPE_CHECKING:
    from persona_batch.engine.progress import Progress as Counts
    from persona_batch.pipeline.preview import Preview
    from persona_batch.plan.cell import Cell
    from persona_batch.plan.grid import Grid
    from persona_batch.record import Record
    from persona_batch.record.rundir import RunDir

_ARGUMENTS = frozenset(inspect.signature(read_run).parameters)


@taking(read_run)
def run(asked: AskedRun) -> Run:
    """Ask every persona every question, with the controls, and keep every reply in a run folder.

    `personas` and `questions` are files, or plain values: `run({"pirate": "Talk like a pirate."}, ["Who are you?"])`.
    All other arguments have the names of the options of `batch run`, with `_` for `-` (`continue_` and `resume=True`
    for `--continue` and a bare `--resume`); `model`, `placement`, `persona`, `question` and `custom_check` take one
    text or a list, `param` (or `params`) and `factor` (or `factors`) a dict.

    Args, in groups:
        whom: provider, base_url, api_key_env, api_key_header, model; left out, the embedded model
        what: samples (of each cell, 1), placement, params, factors, thinking ("separate" or "keep")
        only: persona, question (globs of ids), limit (cells)
        how fast: concurrency, rpm and tpm (requests and tokens a minute), per_day, timeout (seconds), retries
        in which order: seed
        how much: max_requests, max_tokens_total, max_cost, time_limit (seconds, a timedelta, or "30m")
        with batch files: wait (like time_limit), window ("24h")
        where: out (folder of runs, "runs"), resume (a run, or True: the latest), continue_, retry_errors
        checks: fail_under (a share, 0 to 1), custom_check
        by what: engine, shard ("2/4": the second of four parts), workers (processes)
        who is told: on_record, on_progress, on_note

    Works anywhere, also in a notebook, where a loop is running. `on_record` is called with each record once it is on
    disk, `on_progress` with how far the run is, `on_note` with what `batch run` would tell on the way: all in the
    thread that called. What one of them raises ends the run, which is sealed, and is raised here; so is Ctrl-C.

    Returns:
        The run, also where it stopped early (quota, budget, time limit): `exit_code`, `state` and `message` say so.

    Raises:
        UsageError: something is wrong with the input or the endpoint (ConfigError: with files or values, all of it at
            once); nothing was asked.
        RunLocked: another process is on this run.
        StorageError: the run folder cannot be made.
    """
    stopper = Stopper()
    told = list[_Told]()

    async def whole(perform: Perform) -> Run:
        told.append(_Told(asked, stopper, perform))
        return await _made(asked, told[0], stopper)

    try:
        return blocking(whole, stopper.stop)
    except BaseException as error:
        if told:
            told[0].add_note(error)
        raise


@taking(read_run)
async def run_async(asked: AskedRun) -> Run:
    """Do what `run` does, in the running loop. When its task is cancelled, the run is sealed first.

    What is being asked then is given up; every reply that came is on disk, and `resume` goes on. Callbacks are called
    in the loop's thread.

    Returns, Raises: as `run`; and RuntimeError where the loop is none of asyncio.
    """
    check_loop()
    stopper = Stopper()
    told = _Told(asked, stopper, at_once)
    made = asyncio.ensure_future(_made(asked, told, stopper))
    try:
        return await awaited(asyncio.shield(made))
    except asyncio.CancelledError as error:
        while not made.done():
            stopper.stop("cancelled")
            stopper.stop("cancelled")  # the second ends what is running, too
            try:
                await asyncio.wait([made])
            except asyncio.CancelledError:
                continue
        told.add_note(error)
        raise
    except BaseException as error:
        told.add_note(error)
        raise


@taking(read_run)
def dry_run(asked: AskedRun) -> "Preview":
    """Return what `run` would do with the same arguments: how much is asked, and the first messages; nothing is sent.

    Raises:
        UsageError: what would stop the run itself; but a missing key is no obstacle.
    """
    from persona_batch.pipeline.preview import preview

    return preview(asked.options)


async def _made(asked: AskedRun, told: "_Told", stopper: Stopper) -> Run:
    from persona_batch.pipeline.run import run_batch

    try:
        summary = await run_batch(asked.options, told, stopper)
    except BatchError:
        if told.error is not None:
            raise Carried(told.error) from None
        raise
    if told.error is not None:
        raise Carried(told.error)
    done = Run.of(summary, tuple(told.notes))
    return done if done.message is None else replace(done, message=in_python(done.message, _ARGUMENTS))


class _Told:
    """An observer of the pipeline that calls the callbacks; `error` is what one of them raised: it stops the run."""

    wants_text = False

    def __init__(self, asked: AskedRun, stopper: Stopper, perform: Perform) -> None:
        self._asked, self._stopper, self._perform = asked, stopper, perform
        self._counts: Counts | None = None
        self._path: Path | None = None
        self.notes: list[str] = []
        self.error: BaseException | None = None

    def note(self, sentence: str, *, always: bool = False) -> None:  # noqa: ARG002 - nothing is quiet here
        self.notes.append(in_python(sentence, _ARGUMENTS))
        if self._asked.on_note is not None:
            self._call(partial(self._asked.on_note, self.notes[-1]))

    def begin(self, run: "RunDir", grid: "Grid", progress: "Counts") -> None:  # noqa: ARG002 - the observer's signature
        self._path, self._counts = run.path, progress
        self._tell_progress()

    def text(self, cell: "Cell", text: str) -> None:
        raise NotImplementedError  # not wanted

    def record(self, record: "Record") -> None:
        if self._asked.on_record is not None:
            self._call(partial(self._asked.on_record, record))
        self._tell_progress(finished=1, failed=int(record.status == "error"))

    def _tell_progress(self, finished: int = 0, failed: int = 0) -> None:
        """Tell how far it is; the record that is just `finished` is not counted yet."""
        if self._asked.on_progress is None or (counts := self._counts) is None:
            return
        left = counts.left - finished
        progress = Progress(
            cells=counts.total,
            asked=counts.done + finished,
            failed=counts.failed + failed,
            skipped=counts.skipped,
            left=left,
            rate=counts.rate(),
            eta=counts.eta(),
        )
        self._call(partial(self._asked.on_progress, progress))

    def _call(self, function: Callable[[], object]) -> None:
        if self.error is not None:
            return
        try:
            self._perform(function)
        except BaseException as error:  # noqa: BLE001 - raised when the run is sealed
            self.error = error
            self._stopper.stop(f"a callback raised {type(error).__name__}")

    def add_note(self, error: BaseException) -> None:
        """Let an error that ended the run say where it is."""
        if self._path is not None and not isinstance(error, BatchError):
            error.add_note(f"{self._path} holds every reply that came; run(resume={str(self._path)!r}) goes on")
