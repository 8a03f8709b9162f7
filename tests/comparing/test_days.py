"""Arms that were asked at other times are told: the difference may come from the time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from comparing.made import prose, record
from persona_batch.comparing import Comparison, compare
from persona_batch.record import Record, Timing

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def run(when: Callable[[str, int], timedelta], personas: tuple[str, ...] = ("none", "pirate", "nurse")) -> list[Record]:
    """Return 6 questions × 2 samples of each persona, asked `when` after the start; the number counts its calls."""
    rng = np.random.default_rng(1)
    records = []
    for number in range(12):
        for place, persona in enumerate(personas):
            at = START + when(persona, number) + timedelta(seconds=place / 10)
            timing = Timing(at.isoformat().replace("+00:00", "Z"), 10.0, 20.0, 3)
            reply = prose(rng)
            records.append(record(persona, f"q{number % 6}", reply, sample=number // 6, timing=timing))
    return records


def told(records: list[Record]) -> list[str]:
    result: Comparison = compare(records, measures=["shift"], permutations=99)
    return [note for note in result.notes if "Not asked at the same time" in note]


def test_calls_that_are_interleaved_say_nothing() -> None:
    assert told(run(lambda _, number: timedelta(seconds=number))) == []
    assert told(run(lambda _, number: timedelta(hours=12 * number))) == []


@pytest.mark.parametrize("later", [timedelta(days=3), timedelta(minutes=30)])
def test_a_persona_that_was_asked_after_its_control_is_told(later: timedelta) -> None:
    def when(persona: str, number: int) -> timedelta:
        return timedelta(seconds=number) + (later if persona == "pirate" else timedelta())

    (note,) = told(run(when))
    assert "pirate (2026-11-2" in note
    assert "nurse" not in note


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(seconds=90), timedelta(minutes=4)])
def test_arms_that_follow_one_another_in_a_short_run_say_nothing(later: timedelta) -> None:
    order = ("none", "pirate", "nurse")
    assert told(run(lambda persona, number: timedelta(milliseconds=number) + order.index(persona) * later)) == []


def test_arms_that_take_hours_one_after_the_other_are_told() -> None:
    order = ("none", "pirate", "nurse")
    notes = told(
        run(lambda persona, number: timedelta(minutes=10 * number) + order.index(persona) * timedelta(hours=2))
    )
    assert len(notes) == 1
    assert "pirate (2026-11-23 " in notes[0]
    assert " to 1" in notes[0]


def test_a_persona_that_was_asked_before_its_control_is_told() -> None:
    (note,) = told(run(lambda persona, number: timedelta(seconds=number) - timedelta(days=persona == "nurse")))
    assert "nurse (" in note


def test_a_control_that_was_mostly_asked_on_another_day_is_told() -> None:
    def when(persona: str, number: int) -> timedelta:
        return timedelta(days=0 if persona == "none" and number < 10 else 3, seconds=number)

    (note,) = told(run(when))
    assert "none (2026-11-23 to 2026-11-26)" in note


def test_records_without_times_say_nothing() -> None:
    records = run(lambda persona, _: timedelta(days=persona == "nurse"))
    assert told([replace(one, timing=None) for one in records]) == []
