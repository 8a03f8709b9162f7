"""Pairwise choice: right by brute force, at chance where nothing differs, certain where all differs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparing.made import grid, prose, record
from persona_batch.comparing import compare, pairwise
from persona_batch.comparing.pairwise import RHO, RIDGE, Side, told_right
from persona_batch.record import CheckResult, Record


def world(seed: int, shapes: list[tuple[int, int]], columns: int = 512) -> list[Side]:
    rng = np.random.default_rng(seed)
    sides = []
    for question, (arm, reference) in enumerate(shapes):
        rows = np.zeros((arm + reference, columns), dtype=np.float32)
        rows[:, :8] = rng.normal(size=(arm + reference, 8))
        rows[:arm, 0] += 1.0
        sides.append(Side(question, arm, rows))
    return sides


def brute_force(sides: list[Side]) -> list[float]:
    """Train anew without each pair, and see which of the two scores higher."""
    centred = np.vstack([side.rows - side.rows.mean(axis=0) for side in sides]).astype(np.float64)
    question = np.concatenate([np.full(len(side.rows), side.question) for side in sides])
    kernel = (centred @ centred.T) * np.where(question[:, None] == question[None, :], 1 + RHO, 1)
    kernel /= np.diag(kernel).mean()
    targets = np.concatenate(
        [np.where(np.arange(len(s.rows)) < s.arm, 1.0, -s.arm / (len(s.rows) - s.arm)) for s in sides]
    )
    shares = []
    for side in sides:
        places = np.flatnonzero(question == side.question)
        won = []
        for one in places[: side.arm]:
            for other in places[side.arm :]:
                rest = np.setdiff1d(np.arange(len(targets)), [one, other])
                weights = np.linalg.solve(kernel[np.ix_(rest, rest)] + RIDGE * np.eye(len(rest)), targets[rest])
                first, second = kernel[one, rest] @ weights, kernel[other, rest] @ weights
                won.append(0.5 if abs(first - second) < 1e-9 else float(first > second))
        shares.append(float(np.mean(won)))
    return shares


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=5))
def test_leaving_a_pair_out_in_closed_form_is_training_without_it(seed: int, shapes: list[tuple[int, int]]) -> None:
    sides = world(seed, shapes)
    assert told_right(sides, 0, np.random.default_rng(1))[:, 0] == pytest.approx(brute_force(sides))


def test_the_way_for_many_replies_gives_what_the_way_for_few_gives() -> None:
    sides = world(3, [(5, 5)] * 12 + [(2, 4)] * 3)
    few = told_right(sides, 20, np.random.default_rng(1))
    many = told_right([*sides, *sides], 0, np.random.default_rng(1))
    places, targets = [], []
    start = 0
    for side in sides:
        places.append(slice(start, start + len(side.rows)))
        start += len(side.rows)
        targets.append(np.where(np.arange(len(side.rows)) < side.arm, 1.0, -side.arm / (len(side.rows) - side.arm)))
    centred = np.vstack([side.rows - side.rows.mean(axis=0) for side in sides]).astype(np.float64)
    y = np.concatenate(targets)[:, None]
    dense, woodbury = (way(centred, places, y) for way in (pairwise._dense, pairwise._woodbury))
    assert dense[1] == pytest.approx(woodbury[1])
    assert all(one == pytest.approx(other) for one, other in zip(dense[0], woodbury[0], strict=True))
    assert few.shape == (15, 21)
    assert many.shape == (30, 1)


def said(name: str, samples: int, rng: np.random.Generator, questions: int = 20) -> list[Record]:
    return [
        record(name, f"q{q}", "Meow." if name == "cat" else prose(rng), sample=s)
        for q in range(questions)
        for s in range(samples)
    ]


@pytest.mark.parametrize("samples", [1, 5])
def test_a_persona_that_always_says_the_same_is_told_apart_always(samples: int) -> None:
    rng = np.random.default_rng(1)
    row = compare([*said("none", samples, rng), *said("cat", samples, rng)]).find("told_apart", "cat")
    assert row is not None
    assert row.value == 1
    assert row.interval is not None
    assert row.interval.low == pytest.approx(0.82, abs=0.01)


def test_replies_that_are_all_alike_are_told_apart_by_chance() -> None:
    rng = np.random.default_rng(1)
    cat = said("cat", 3, rng)
    other = [record("none", r.question, r.reply, sample=r.sample) for r in cat]
    row = compare([*cat, *other]).find("told_apart", "cat")
    assert row is not None
    assert (row.value, row.p) == (0.5, 1)


def test_seventy_yes_against_thirty_is_forty_points_and_seventy_cases() -> None:
    rng = np.random.default_rng(2)

    def asked(name: str, share: float) -> list[Record]:
        return [
            record(name, f"q{q}", "yes" if yes else "no", sample=s, checks=[CheckResult("choice", yes, "yes")])
            for q in range(40)
            for s in range(10)
            if (yes := bool(rng.random() < share)) in (True, False)
        ]

    found = compare([*asked("none", 0.3), *asked("yes", 0.7)])
    accuracy, apart = found.find("accuracy", "yes"), found.find("told_apart", "yes")
    assert accuracy is not None
    assert accuracy.value == pytest.approx(0.4, abs=0.08)
    assert (accuracy.p or 1) <= 0.001
    assert apart is not None
    assert apart.value == pytest.approx(0.7, abs=0.05)
    (claim,) = found.claims
    assert claim.holds


def test_the_interval_holds_the_value_and_the_value_stands_at_chance_for_nothing() -> None:
    values = []
    for seed in range(30):
        row = compare(grid({"none": "", "p": ""}, questions=8, samples=3, seed=seed), measures=["told_apart"]).find(
            "told_apart", "p"
        )
        assert row is not None
        assert row.value is not None
        assert row.interval is not None
        assert row.interval.low <= row.value <= row.interval.high
        values.append(row.value)
    assert np.mean(values) == pytest.approx(0.5, abs=0.04)
