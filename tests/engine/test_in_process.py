import asyncio
import gc
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from engine.cells import TimedProvider, make_cell, make_cells
from engine.runs import run_cells
from engine.virtual_time import run_virtually
from persona_batch.asking.limits import RunLimits
from persona_batch.engine.engines import Job
from persona_batch.engine.in_process import LocalEngine
from persona_batch.engine.progress import Progress
from persona_batch.errors import Interrupted, StoppedEarly
from persona_batch.plan.cell import Cell


def _engine(provider: TimedProvider, total: int, concurrency: int = 4) -> LocalEngine:
    limits = RunLimits(concurrency=concurrency)
    return LocalEngine(Job(provider=provider, run_id="run", progress=Progress(total=total), limits=limits))


def test_every_cell_has_one_record() -> None:
    outcome = run_cells(TimedProvider(), 500, limits=RunLimits(concurrency=32))
    assert sorted(record.key for record in outcome.records) == sorted(cell.key for cell in make_cells(500))
    assert (outcome.progress.done, outcome.progress.left, outcome.progress.in_flight) == (500, 0, 0)


def test_a_grid_of_nothing_ends_at_once() -> None:
    assert run_cells(TimedProvider(), 0).records == []


def test_cells_are_taken_no_sooner_than_they_can_be_asked() -> None:
    taken = 0

    def grid() -> Iterator[Cell]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield make_cell(number)

    async def main() -> None:
        engine = _engine(TimedProvider(), 1000)
        fetched = 0
        async with aclosing(engine.run([grid()])) as records:
            async for _ in records:
                fetched += 1
                assert taken <= fetched + 2 * 4
                if fetched == 100:
                    break

    run_virtually(main())
    assert taken < 110


def test_objects_do_not_pile_up() -> None:
    async def main() -> tuple[int, int]:
        engine = _engine(TimedProvider(), 2000, concurrency=8)
        sizes = []
        done = 0
        async for _ in engine.run([make_cells(2000)]):
            done += 1
            if done in {200, 1900}:
                gc.collect()
                sizes.append(len(gc.get_objects()))
        return sizes[0], sizes[1]

    early, late = run_virtually(main())
    assert late - early < 200


def test_the_first_stop_lets_running_requests_finish() -> None:
    provider = TimedProvider(first=1.0, rest=1.0)
    outcome = run_cells(
        provider,
        100,
        limits=RunLimits(concurrency=4),
        during=lambda engine, loop: loop.call_later(3.0, engine.stop, Interrupted("Ctrl-C")),
    )
    assert isinstance(outcome.ended, Interrupted)
    assert len(outcome.records) == 8
    assert len(provider.arrivals) == 8
    assert outcome.seconds == pytest.approx(4.0)


def test_what_does_not_finish_in_its_grace_is_cancelled() -> None:
    provider = TimedProvider(first=1.0, rest=100.0)
    outcome = run_cells(
        provider,
        100,
        limits=RunLimits(concurrency=4),
        grace=5.0,
        during=lambda engine, loop: loop.call_later(3.0, engine.stop, Interrupted("Ctrl-C")),
    )
    assert outcome.records == []
    assert outcome.seconds == pytest.approx(8.0)
    assert provider.under_way == 0


def test_the_second_stop_cancels_at_once() -> None:
    def twice(engine: LocalEngine, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(3.0, engine.stop, Interrupted("Ctrl-C"))
        loop.call_later(3.5, engine.stop, Interrupted("Ctrl-C"))

    outcome = run_cells(TimedProvider(first=1.0, rest=100.0), 100, during=twice)
    assert isinstance(outcome.ended, Interrupted)
    assert outcome.seconds == pytest.approx(3.5)


def test_a_stop_ends_waits_for_limits_and_pauses() -> None:
    outcome = run_cells(
        TimedProvider(),
        100,
        limits=RunLimits(concurrency=4, rpm=4),
        during=lambda engine, loop: loop.call_later(10.0, engine.stop, Interrupted("Ctrl-C")),
    )
    assert len(outcome.records) == 4
    assert outcome.seconds == pytest.approx(10.0)


def test_a_stop_that_finds_everything_done_is_no_interruption() -> None:
    outcome = run_cells(
        TimedProvider(first=1.0, rest=1.0),
        4,
        limits=RunLimits(concurrency=4),
        during=lambda engine, loop: loop.call_later(1.5, engine.stop, Interrupted("Ctrl-C")),
    )
    assert outcome.ended is None
    assert len(outcome.records) == 4


def test_the_time_limit_ends_the_run() -> None:
    outcome = run_cells(TimedProvider(), 100, limits=RunLimits(concurrency=1, time_limit=10.2))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "--time-limit" in str(outcome.ended)
    assert len(outcome.records) == 11


def test_a_break_by_the_reader_cancels_what_is_under_way() -> None:
    provider = TimedProvider(first=1.0, rest=1.0)

    async def main() -> None:
        async with aclosing(_engine(provider, 100).run([make_cells(100)])) as records:
            async for _ in records:
                break
        assert provider.under_way == 0
        assert len(asyncio.all_tasks()) == 1

    run_virtually(main())


def test_a_cancelled_reader_is_cancelled_and_nothing_is_left_running() -> None:
    provider = TimedProvider(first=1.0, rest=1.0)

    async def read() -> None:
        async for _ in _engine(provider, 100).run([make_cells(100)]):
            pass

    async def main() -> None:
        reader = asyncio.create_task(read())
        await asyncio.sleep(3.3)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert provider.under_way == 0
        assert len(asyncio.all_tasks()) == 1

    run_virtually(main())


def test_a_mistake_of_ours_is_raised_as_what_it_is() -> None:
    def broken() -> Iterator[Cell]:
        yield from make_cells(10)
        raise ZeroDivisionError

    keys: list[str] = []

    async def read() -> None:
        async for record in _engine(TimedProvider(), 100).run([broken()]):
            keys.append(record.key)  # noqa: PERF401  # what came before the error counts

    with pytest.raises(ZeroDivisionError):
        run_virtually(read())
    assert len(keys) >= 4


def test_pieces_of_replies_are_passed_on_with_their_cell() -> None:
    heard: list[tuple[str, str]] = []

    async def main() -> None:
        job = Job(
            provider=TimedProvider(),
            run_id="run",
            progress=Progress(total=2),
            on_text=lambda cell, text: heard.append((cell.question, text)),
        )
        engine = LocalEngine(job)
        async for _ in engine.run([make_cells(2)]):
            pass

    run_virtually(main())
    assert sorted(heard) == [("q0", "俺老孙"), ("q1", "俺老孙")]
