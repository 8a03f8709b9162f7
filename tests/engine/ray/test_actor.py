"""An actor without Ray: it is a plain object."""

import asyncio
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.cells import make_cell
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.config.batch import RunSettings
from persona_batch.engine.ray.actor import AskingActor
from persona_batch.engine.ray.messages import Report, Setup, Started
from persona_batch.errors import Interrupted, UsageError
from persona_batch.plan.cell import Cell
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import Timeouts
from persona_batch.record.actor_journals import SIGN, journals_in
from persona_batch.record.reader import read_records

CELLS = [make_cell(number, model="scripted") for number in range(6)]


def setup_in(folder: Path, *, provider: str = "scripted", key: str | None = None) -> Setup:
    env = {} if key is None else {key: "sk-driver-0123456789abcdef"}
    target = resolve(RunSettings(provider=provider, api_key_env=key), env)
    return Setup(
        target=pickle.dumps(target),
        timeouts=Timeouts(),
        limits=RunLimits(concurrency=2),
        policy=RetryPolicy(),
        run_id="run",
        folder=str(folder),
        sign="ours",
        keep_thinking=False,
        custom_checks=(),
        leased=False,
        live=False,
    )


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PERSONA_BATCH_STATE", str(tmp_path / "state"))
    return tmp_path / "state" / "ray" / "run"


@asynccontextmanager
async def at_work(name: str, setup: Setup) -> AsyncIterator[tuple[AskingActor, Started]]:
    """Yield an actor that was started; it dies at the end, and nobody closes its journal in order."""
    actor = AskingActor(name)
    started = await actor.start(setup)
    yield actor, started
    await actor.close(finished=False)


async def until_idle(actor: AskingActor, cells: list[Cell]) -> list[Report]:
    await actor.give(cells)
    reports = [await actor.report()]
    while not reports[-1].idle:
        reports.append(await actor.report())
    return reports


def keys(reports: list[Report]) -> set[str]:
    return {record.key for report in reports for record in report.records}


def test_records_are_in_the_journal_of_the_folder_that_bears_the_runs_sign(tmp_path: Path, state: Path) -> None:
    async def main() -> None:
        (tmp_path / SIGN).write_text("ours", encoding="utf-8")
        async with at_work("a", setup_in(tmp_path)) as (actor, started):
            assert started.shared
            reports = await until_idle(actor, CELLS)
            (journal,) = journals_in(tmp_path)
            assert keys(reports) == {record.key for record in read_records(journal)} == {cell.key for cell in CELLS}
            assert reports[-1].counts.requests == len(CELLS)

    asyncio.run(main())
    assert not state.exists()


def test_where_the_folder_is_not_seen_the_next_actor_hands_over_what_the_last_one_left(
    tmp_path: Path, state: Path
) -> None:
    async def main() -> None:
        elsewhere = tmp_path / "not-mounted"
        async with at_work("a", setup_in(elsewhere)) as (actor, started):
            assert not started.shared
            await until_idle(actor, CELLS[:4])
        async with at_work("b", setup_in(elsewhere)) as (actor, _):
            assert {record.key for record in await actor.left()} == {cell.key for cell in CELLS[:4]}
            assert not await actor.left()
            await actor.close(finished=True)

    asyncio.run(main())
    assert not state.exists()


def test_a_key_that_is_not_there_is_missed_by_its_name(tmp_path: Path, state: Path) -> None:
    async def main() -> Started:
        return await AskingActor("a").start(setup_in(tmp_path, provider="deepseek", key="MY_KEY"))

    error = asyncio.run(main()).error
    assert isinstance(error, UsageError)
    assert str(error).startswith("the actor on ")
    assert "MY_KEY is not set" in str(error)


def test_an_actor_that_is_stopped_asks_nothing_new(tmp_path: Path, state: Path) -> None:
    async def main() -> None:
        async with at_work("a", setup_in(tmp_path)) as (actor, _):
            await actor.stop(Interrupted("stopped"))
            (report,) = await until_idle(actor, CELLS)
            assert isinstance(report.stopped, Interrupted)
            assert not report.records

    asyncio.run(main())
