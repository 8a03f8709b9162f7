"""`batch judge`: the replies of a run, put to another model, each once, however often it is called or killed."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from persona_batch.asking.asker import Asker
from persona_batch.asking.breaker import Halted
from persona_batch.config.batch import Batch
from persona_batch.config.rubrics import Rubric
from persona_batch.config.settings import Overrides
from persona_batch.credentials import REMEDY
from persona_batch.errors import BatchError, StoppedEarly, UsageError
from persona_batch.judging.judged import judgment_of
from persona_batch.judging.work import Bench, Task, place
from persona_batch.pipeline.call import Call, prepare
from persona_batch.pipeline.observer import Stopper
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.same_endpoint import settings_for_judging
from persona_batch.plan.key import KeySet
from persona_batch.provider.connect import choose_models
from persona_batch.provider.contract import Request
from persona_batch.record import Record
from persona_batch.record.journal import Sink
from persona_batch.record.judgment import judgments_at, rubric_hash
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir
from persona_batch.record.runlog import RunLog, as_is

_GRACE = 5.0  # seconds that running requests get after a stop


class JudgeSummary(msgspec.Struct, kw_only=True):
    """What a call of `batch judge` came to; `unread` judgments have no score, `message` says what ended it early."""

    run_id: str
    path: str
    rubric: str
    judge: str
    exit_code: int
    judged: int = 0
    skipped: int = 0
    left: int = 0
    failed: int = 0
    unread: int = 0
    refused: int = 0
    seconds: float = 0.0
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """One call of `batch judge`; `against` is the control of a pairwise rubric (None: each persona's first)."""

    run: RunDir
    rubric: Rubric
    overrides: Overrides
    against: str | None = None
    samples: int = 1
    max_requests: int | None = None
    time_limit: float | None = None


async def judge(
    options: JudgeOptions,
    *,
    note: Callable[[str], None],
    tell: Callable[[int, int], None],
    stopper: Stopper | None = None,
    only_count: bool = False,
) -> JudgeSummary:
    """Judge what is not judged yet.

    Args:
        options: the call.
        note: told what the user should know.
        tell: told how many are judged, of how many.
        stopper: may end it.
        only_count: send nothing; `left` is what would be asked.

    Raises:
        UsageError: something is wrong with the run, the rubric or the endpoint.
        RunLocked: another process is on the run.
        StorageError: the judgments cannot be written.
    """
    run, stopper = options.run, stopper or Stopper()
    manifest = read_manifest(run.manifest)
    call = _call(options, manifest, need_key=not only_count)
    began = time.monotonic()
    async with stopper.ending_at_once():
        if only_count:
            model = (call.batch.run.models or ("the endpoint's only model",))[0]
            bench = _bench(options, manifest, call, model)
            keys = _judged(run)[0]
            wanted = [task.key in keys for task in _tasks(run, bench)]
            return _summary(options, model, 0, skipped=sum(wanted), left=wanted.count(False))
        provider = call.connect(note, concurrency=call.limits.concurrency)
        with run.lock():
            async with provider:
                model = (await choose_models(provider, call.batch.run.models, note=note))[0]
                if model in manifest.models:
                    note(
                        f"the judge {model} is the model under test: models prefer their own words; name another by -m"
                    )
                bench = _bench(options, manifest, call, model)
                _tell_of_newer(run, bench, note)
                session = _Session(call, bench, run, tell)
                redactor = call.target.redactor
                with RunLog(run.log, redactor.clean if redactor else as_is) as log, call.ledger() as ledger:
                    asker = Asker(provider, limits=call.limits, policy=call.policy, ledger=ledger, log=log, gauge=None)
                    stop = await session.ask_all(asker, stopper)
    return session.summary(options, model, stop, time.monotonic() - began)


def _call(options: JudgeOptions, manifest: Manifest, *, need_key: bool) -> Call:
    """Return the judge's endpoint: that of the run, where none is named."""
    overrides = options.overrides
    run = settings_for_judging(overrides, manifest)
    if options.against is not None and not options.rubric.pairwise:
        raise UsageError(f"--against is for pairwise rubrics; {options.rubric.id} judges each reply by itself")
    asked = RunOptions(overrides=overrides, max_requests=options.max_requests, time_limit=options.time_limit)
    call = prepare(asked, Batch(id=options.run.id, personas=(), run=run, files=()), need_key=need_key)
    rubric, redactor = options.rubric, call.target.redactor
    said = [rubric.text.text, "" if rubric.system is None else rubric.system.text, str(rubric.params)]
    if redactor and any(redactor.clean(text) != text for text in said):
        raise UsageError(f"rubric {rubric.id} holds the judge's key itself; take it out: {REMEDY}")
    return call


def _bench(options: JudgeOptions, manifest: Manifest, call: Call, model: str) -> Bench:
    config = manifest.config
    personas = [one for one in config.get("personas") or () if isinstance(one, dict)]
    controls = {str(one["id"]): list(one.get("controls", ())) for one in personas}
    if options.rubric.pairwise:
        if options.against is not None and options.against not in controls:
            raise UsageError(f"--against {options.against}: the run has no such persona or control")
        subjects = [str(one["id"]) for one in personas if not one.get("control")]
        controls = {name: [options.against] if options.against else controls[name] for name in subjects}
        if not any(controls.values()):
            raise UsageError("the run has no control to set replies beside; name a persona by --against")
    prompts = {
        (str(one["id"]), number): text
        for one in personas
        for number, text in enumerate(one.get("variants") or ())
        if isinstance(text, str)
    }
    return Bench(
        rubric=options.rubric,
        model=model,
        endpoint=call.target.identity,
        samples=options.samples,
        questions={str(one["id"]): one for one in config.get("questions") or ()},
        prompts=prompts,
        controls=controls,
    )


def _judged(run: RunDir) -> tuple[KeySet, Counter[str]]:
    keys, statuses = KeySet(), Counter[str]()
    for head in judgments_at(run.path).scan(_Head, keys):
        statuses[head.status] += 1
    return keys, statuses


class _Head(msgspec.Struct):
    key: str
    rubric: str
    rubric_hash: str
    judge: str
    status: str
    endpoint: str = ""


def _tell_of_newer(run: RunDir, bench: Bench, note: Callable[[str], None]) -> None:
    """Say so where this rubric is one of before: comparisons read the version that was judged by last."""
    rubric, mine = bench.rubric.id, rubric_hash(bench.rubric)
    versions = [
        head.rubric_hash
        for head in judgments_at(run.path).scan(_Head, KeySet())
        if (head.rubric, head.judge, head.endpoint) == (rubric, bench.model, bench.endpoint)
    ]
    if mine in versions and versions[-1] != mine:
        note(
            f"{rubric} was judged by in another version since, and `batch compare` reads that one; "
            "to have both, give this one an `id` of its own"
        )


def _tasks(run: RunDir, bench: Bench) -> Iterator[Task]:
    others: dict[tuple[object, ...], Record] = {}
    if bench.rubric.pairwise:
        wanted = {bench.reference_of(persona) for persona in bench.controls}
        others = {
            (record.persona, *place(record)): record
            for record in read_records(run.records)
            if record.persona in wanted and record.usable and record.reply
        }
    return bench.tasks(read_records(run.records), others)


class _Session:
    """One process's judging of one run."""

    def __init__(self, call: Call, bench: Bench, run: RunDir, tell: Callable[[int, int], None]) -> None:
        self._call, self._bench, self._run, self._tell = call, bench, run, tell
        self.keys, _ = _judged(run)
        tasks = [task.key for task in _tasks(run, bench)]
        self.total = len(tasks)
        self.skipped = sum(key in self.keys for key in tasks)
        self.counts: Counter[str] = Counter()

    async def ask_all(self, asker: Asker, stopper: Stopper) -> BatchError | None:
        """Ask what is left, and return what stopped it; the judgments are on disk as they come."""
        left = (task for task in _tasks(self._run, self._bench) if task.key not in self.keys)
        workers: list[asyncio.Task[None]] = []

        def stop(reason: BatchError) -> None:
            if asker.stopped is not None:
                cancel()
            asker.stop(reason)
            asyncio.get_running_loop().call_later(_GRACE, cancel)

        def cancel() -> None:
            for worker in workers:
                worker.cancel()

        with Sink(judgments_at(self._run.path).path, keys=self.keys) as sink, stopper.stopping(stop):
            workers += [
                asyncio.create_task(self._work(left, asker, sink)) for _ in range(self._call.limits.concurrency)
            ]
            limit = self._call.limits.time_limit
            if limit is not None:
                asyncio.get_running_loop().call_later(
                    limit, stop, StoppedEarly("the time limit (--time-limit) is reached")
                )
            done = await asyncio.gather(*workers, return_exceptions=True)
        failures = [one for one in done if isinstance(one, Exception)]
        if failures:
            raise failures[0]
        return asker.stopped if self.total > self.skipped + self.counts.total() else None

    async def _work(self, left: Iterator[Task], asker: Asker, sink: Sink) -> None:
        bench = self._bench
        for task in left:
            request = Request(bench.model, task.messages, bench.params)
            try:
                answer = await asker.ask(request, label=task.key)
            except Halted:
                return
            judgment = judgment_of(task, answer, bench, self._call.target.name)
            if judgment.status == "error":
                self.counts["failed"] += 1  # not written: it is asked again by the next call
                continue
            sink.append(judgment)
            self.counts["judged"] += 1
            self.counts["refused"] += judgment.refused
            self.counts["unread"] += judgment.score is None and judgment.choice is None and not judgment.refused
            self._tell(self.skipped + self.counts["judged"], self.total)

    def summary(self, options: JudgeOptions, model: str, stop: BatchError | None, seconds: float) -> JudgeSummary:
        """Return what it came to."""
        counts = self.counts
        code = stop.exit_code if stop else 1 if counts["failed"] else 0
        found = _summary(options, model, code, skipped=self.skipped, left=self.total - self.skipped - counts["judged"])
        found.judged, found.failed = counts["judged"], counts["failed"]
        found.unread, found.refused, found.seconds = counts["unread"], counts["refused"], seconds
        found.message = None if stop is None else str(stop)
        return found


def _summary(options: JudgeOptions, model: str, code: int, *, skipped: int, left: int) -> JudgeSummary:
    run = options.run
    return JudgeSummary(
        run_id=run.id,
        path=str(run.path),
        rubric=options.rubric.id,
        judge=model,
        exit_code=code,
        skipped=skipped,
        left=left,
    )
