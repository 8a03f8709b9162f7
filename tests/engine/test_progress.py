import pytest

from engine.cells import TimedProvider, keyed, make_cell, make_cells
from engine.runs import run_cells
from persona_batch.asking.limits import RunLimits
from persona_batch.chat import Usage
from persona_batch.engine.progress import OTHERS, Progress, pending
from persona_batch.errors import ContextTooLong
from persona_batch.plan.key import KeySet
from persona_batch.record import Record


def _record(persona: str = "p") -> Record:
    return Record(
        key="00" * 16,
        run_id="run",
        persona=persona,
        question="q",
        placement="system",
        provider="test",
        model="m",
        params={},
        messages=[],
        reply="abc",
        status="ok",
    )


def test_counts_tokens_and_personas() -> None:
    provider = TimedProvider(usage=Usage(10, 20, 30), fate=lambda number: ContextTooLong("x") if number == 0 else None)
    progress = run_cells(provider, 9, limits=RunLimits(concurrency=1)).progress
    assert (progress.done, progress.failed, progress.requests) == (9, 1, 9)
    assert (progress.prompt_tokens, progress.completion_tokens) == (80, 160)
    tally = progress.personas["p0"]
    assert (tally.cells, tally.ok, tally.failed, tally.mean_chars, tally.completion_tokens) == (3, 2, 1, 3.0, 40)
    assert tally.mean_ttft_ms is not None


def test_nothing_is_known_before_the_first_record() -> None:
    progress = Progress(total=5)
    assert progress.rate() == 0.0
    assert progress.eta() is None


def test_the_rate_is_that_of_the_last_minute_and_gives_the_rest() -> None:
    now = 0.0
    progress = Progress(total=1000, clock=lambda: now, skipped=100)
    for _ in range(100):  # slow at first
        now += 2.0
        progress.finish(_record())
    for _ in range(300):
        now += 0.5
        progress.finish(_record())
    assert progress.rate() == pytest.approx(2.0, rel=0.05)
    assert progress.eta() == pytest.approx(500 / 2.0, rel=0.05)


def test_a_hundred_thousand_personas_are_not_held() -> None:
    progress = Progress(total=5000)
    for number in range(3000):
        progress.finish(_record(f"p{number}"))
    assert len(progress.personas) == 1001
    assert progress.personas[OTHERS].cells == 2000


def test_pending_drops_what_is_finished_and_gives_way() -> None:
    finished = KeySet()
    for cell in make_cells(1000):
        finished.add(cell.key)
    progress = Progress(total=1003)
    blocks = [list(block) for block in pending(keyed(make_cell(number) for number in range(1003)), finished, progress)]
    assert [[cell.question for cell in block] for block in blocks] == [[], [], [], ["q1000", "q1001", "q1002"]]
    assert (progress.skipped, progress.left) == (1000, 3)
