"""Whatever happens on the way, a resumed run ends like one that was never interrupted."""

import asyncio
import shutil
import tempfile
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cells import TimedProvider, keyed, make_cell
from engine.virtual_time import run_virtually
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.engine.engines import Job
from persona_batch.engine.in_process import LocalEngine
from persona_batch.engine.progress import Progress, pending
from persona_batch.errors import ContextTooLong, ProviderError, ServerFailed
from persona_batch.record import Record
from persona_batch.record.agreement import set_errors_aside
from persona_batch.record.journal import Sink
from persona_batch.record.reader import read_records, scan
from persona_batch.record.record import encode
from persona_batch.record.rundir import RunDir


@dataclass(frozen=True)
class SessionPlan:
    """One process on the run: its grid, when it is killed (after how many records), what it leaves behind."""

    first: int = 0
    last: int = 12
    killed_after: int | None = None
    torn: int = 0
    failing: frozenset[int] = field(default_factory=frozenset)
    flaky: frozenset[int] = field(default_factory=frozenset)
    retry_errors: bool = False
    concurrency: int = 4


sessions = st.builds(
    SessionPlan,
    first=st.integers(0, 3),
    last=st.integers(3, 14),
    killed_after=st.none() | st.integers(0, 8),
    torn=st.integers(0, 400),
    failing=st.frozensets(st.integers(0, 13), max_size=4),
    flaky=st.frozensets(st.integers(0, 13), max_size=4),
    retry_errors=st.booleans(),
    concurrency=st.integers(1, 5),
)


def run_session(run: RunDir, plan: SessionPlan) -> TimedProvider:
    """Live through one session as the pipeline does; return the endpoint, which knows what it was asked."""
    asked: list[int] = []

    def fate(number: int) -> ProviderError | None:
        cell = int(provider.keys[number].removeprefix("question "))
        asked.append(cell)
        if cell in plan.failing:
            return ContextTooLong("too long")
        return ServerFailed("once") if cell in plan.flaky and asked.count(cell) == 1 else None

    async def main() -> None:
        if plan.retry_errors:
            set_errors_aside(run)
        keys = scan(run.records).keys
        progress = Progress(total=max(0, plan.last - plan.first), clock=asyncio.get_running_loop().time)
        job = Job(
            provider=provider,
            run_id="run",
            progress=progress,
            limits=RunLimits(concurrency=plan.concurrency),
            policy=RetryPolicy(retries=2),
        )
        blocks = pending(keyed(make_cell(number) for number in range(plan.first, plan.last)), keys, progress)
        done = 0
        with Sink(run.records, keys=keys, sync_every=60.0) as sink:
            if plan.killed_after == 0:
                return
            async with aclosing(LocalEngine(job).run(blocks)) as records:
                async for record in records:
                    sink.append(record)
                    done += 1
                    if done == plan.killed_after:
                        break

    provider = TimedProvider(fate=fate)
    run_virtually(main())
    if plan.killed_after is not None:
        with run.records.open("ab") as file:
            file.write(encode(_torn_record())[: plan.torn])
    return provider


def _torn_record() -> Record:
    return Record(
        key="ff" * 16,
        run_id="run",
        persona="p",
        question="q",
        placement="system",
        provider="t",
        model="m",
        params={},
        messages=[],
        reply="never trusted",
        status="ok",
    )


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


@settings(max_examples=60, deadline=None)
@given(st.lists(sessions, max_size=5))
def test_a_resumed_run_ends_like_an_uninterrupted_one(plans: list[SessionPlan]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        run = RunDir(folder, folder / "records.jsonl")
        once_there: set[bytes] = set()
        for plan in [*plans, SessionPlan(retry_errors=True)]:
            before = _lines(run.records) if run.records.exists() else []
            provider = run_session(run, plan)
            after = _lines(run.records)

            kept = [line for line in before if not (plan.retry_errors and b'"status":"error"' in line)]
            assert after[: len(kept)] == kept, "a record that was on disk is lost"
            have = {
                record.messages[-1].content for record in read_records(run.records) if encode(record) + b"\n" in kept
            }
            assert not have & set(provider.keys), "a cell whose record was on disk was asked again"
            keys = [record.key for record in read_records(run.records)]
            assert len(keys) == len(set(keys)), "a cell has two records"
            once_there.update(after)

        final = {record.key: record for record in read_records(run.records)}
        everywhere = set(_lines(run.records)) | (set(_lines(run.errors)) if run.errors.exists() else set())
        assert once_there <= everywhere
        for number in range(12):
            cell = make_cell(number)
            assert final[cell.key].status == "ok"
            assert final[cell.key].messages == list(cell.messages)
        grown = max([12, *(plan.last for plan in plans)])
        assert set(final) <= {make_cell(number).key for number in range(grown)}
    finally:
        shutil.rmtree(folder)
