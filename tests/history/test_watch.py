"""The watch's laws: uniform where nights can be exchanged, nothing learned from the future, alarms that can be had."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from persona_batch.comparing.watch import YEAR, Watch, nights_needed, weight


def night(rng: np.random.Generator, questions: int, samples: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    return {f"q{q}": rng.normal(shift, 1, samples) + q for q in range(questions)}


def test_the_stakes_of_a_year_sum_to_no_more_than_one() -> None:
    assert sum(weight(number) for number in range(1, YEAR + 1)) == pytest.approx(1, abs=0.002)
    assert sum(weight(number) for number in range(1, YEAR + 1)) <= 1


@pytest.mark.parametrize("equal", [True, False])
def test_places_are_uniform_where_nothing_changes(equal: bool) -> None:
    rng = np.random.default_rng(3)
    places = []
    for number in range(12):
        watch = Watch(f"series {number}")
        for at in range(25):
            samples = 3 if equal else int(rng.integers(1, 5))
            p = watch.night(at, night(rng, 6, samples))
            if p is not None:
                places.append(p)
    assert stats.kstest(places, "uniform").pvalue > 0.001


@settings(max_examples=15)
@given(st.integers(0, 1_000), st.integers(2, 8))
def test_a_night_more_changes_nothing_of_the_nights_before(seed: int, nights: int) -> None:
    data = [night(np.random.default_rng([seed, at]), 4, 2) for at in range(nights + 1)]
    long, short = Watch("x"), Watch("x")
    seen = [long.night(at, values) for at, values in enumerate(data)]
    assert [short.night(at, values) for at, values in enumerate(data[:-1])] == seen[:-1]


@settings(max_examples=15)
@given(st.integers(0, 1_000))
def test_the_order_of_questions_does_not_matter(seed: int) -> None:
    one, other = Watch("x"), Watch("x")
    for at in range(5):
        values = night(np.random.default_rng([seed, at]), 5, 2)
        assert one.night(at, values) == other.night(at, dict(reversed(values.items())))


def test_what_never_varies_wins_no_bet() -> None:
    watch = Watch("x")
    for at in range(50):
        watch.night(at, {f"q{q}": np.ones(3) for q in range(8)})
    assert watch.evidence < 1


def test_a_rate_that_falls_from_certain_is_found() -> None:
    watch = Watch("x")
    for at in range(10):
        watch.night(at, {f"q{q}": np.ones(3) for q in range(8)})
    for at in range(10, 14):
        watch.night(at, {f"q{q}": np.array([1.0, 0.0, 0.0]) for q in range(8)})
    assert watch.evidence > 100


def test_a_step_is_found_in_a_few_nights_and_slow_drift_in_some_weeks() -> None:
    rng = np.random.default_rng(4)
    delays = []
    for number in range(12):
        watch = Watch(f"step {number}")
        found = 999
        for at in range(60):
            watch.night(at, night(rng, 20, 3, 0.5 if at >= 30 else 0))
            if watch.evidence >= 20:
                found = at
                break
        delays.append(found - 30)
    assert 0 <= np.median(delays) <= 5
    drift = Watch("drift")
    for at in range(60):
        drift.night(at, night(rng, 20, 3, 0.02 * at))
    assert drift.evidence >= 20


def test_a_year_of_nothing_is_calm() -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for number in range(12):
        watch = Watch(f"calm {number}")
        highest = 0.0
        for at in range(150):
            watch.night(at, night(rng, 6, 2))
            highest = max(highest, watch.evidence)
        alarms += highest >= 20
    assert alarms <= 3


@given(st.floats(1, 1e6), st.integers(1, 40))
def test_more_series_and_fewer_questions_need_more_nights(threshold: float, questions: int) -> None:
    some = nights_needed(threshold, questions)
    more = nights_needed(threshold * 10, questions)
    fewer = nights_needed(threshold, max(1, questions // 2))
    assert some is None or some >= 2
    assert more is None or some is None or more >= some
    assert fewer is None or some is None or fewer >= some
