import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from persona_batch.comparing.p_values import benjamini_hochberg, exceedance, holm, rng_for, sign_flip, splits

levels = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


def column(*values: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)[:, None]


def brute_force(values: list[float]) -> float:
    sums = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    return float(np.mean([total >= abs(sum(values)) - 1e-9 for total in sums]))


def test_few_questions_are_counted_out_exactly() -> None:
    values = [3.0, 1.0, -0.5, 2.0, 4.0, 1.5, 2.5]
    p, exact = sign_flip(column(*values), 99, np.random.default_rng(0))
    assert exact == [True]
    assert p[0] == pytest.approx(brute_force(values))


def test_six_questions_of_one_sign_give_the_smallest_p_there_is() -> None:
    p, _ = sign_flip(column(1, 2, 3, 4, 5, 6), 99, np.random.default_rng(0))
    assert p[0] == 2 / 2**6


def test_five_questions_are_not_estimable() -> None:
    p, exact = sign_flip(column(1, 2, 3, 4, 5, np.nan), 99, np.random.default_rng(0))
    assert np.isnan(p[0])
    assert exact == [False]


@pytest.mark.parametrize("questions", [6, 13, 14, 40])
def test_no_difference_anywhere_gives_one(questions: int) -> None:
    p, _ = sign_flip(np.zeros((questions, 2)), 99, np.random.default_rng(0))
    assert p.tolist() == [1.0, 1.0]


def test_sampled_flips_agree_with_the_exact_answer() -> None:
    values = np.random.default_rng(3).normal(0.5, 1.0, 14)
    p, exact = sign_flip(values[:, None], 20_000, np.random.default_rng(0))
    assert exact == [False]
    assert p[0] == pytest.approx(brute_force(values.tolist()), abs=0.012)


def test_a_question_without_a_pair_changes_nothing() -> None:
    values = np.random.default_rng(4).normal(0.4, 1.0, 20)
    alone, _ = sign_flip(values[:, None], 999, np.random.default_rng(0))
    padded = np.concatenate([values, [np.nan]])[:, None]
    with_gap, _ = sign_flip(padded, 20_000, np.random.default_rng(0))
    assert with_gap[0] == pytest.approx(alone[0], abs=0.05)


@given(st.lists(st.floats(-1e3, 1e3, allow_nan=False), min_size=6, max_size=9), st.floats(0.01, 100.0))
def test_p_depends_on_neither_sign_nor_unit(values: list[float], unit: float) -> None:
    rng = np.random.default_rng(0)
    p = sign_flip(column(*values), 99, rng)[0][0]
    assert sign_flip(column(*(-v for v in values)), 99, rng)[0][0] == p
    assert sign_flip(column(*(v * unit for v in values)), 99, rng)[0][0] == pytest.approx(p, abs=2 / 2**6)
    assert 2 / 2 ** len(values) <= p <= 1


@given(st.integers(1, 6), st.integers(1, 6))
def test_all_relabellings_are_listed_once_the_observed_first(arm: int, reference: int) -> None:
    labels, complete = splits(arm + reference, arm, 50, np.random.default_rng(0))
    assert complete
    assert labels[0].tolist() == [True] * arm + [False] * reference
    assert len({tuple(row) for row in labels.tolist()}) == len(labels)
    assert (labels.sum(axis=1) == arm).all()


def test_too_many_relabellings_are_sampled_with_the_observed_first() -> None:
    labels, complete = splits(30, 5, 200, np.random.default_rng(0))
    assert not complete
    assert labels.shape == (201, 30)
    assert labels[0].tolist() == [True] * 5 + [False] * 25
    assert (labels.sum(axis=1) == 5).all()


def test_ties_count_against_the_claim() -> None:
    assert exceedance(1.0, np.array([1.0, 0.0, 0.0]), 1.0) == 0.5
    assert exceedance(0.0, np.zeros(9), 1.0) == 1.0


def test_streams_of_chance_depend_on_seed_and_name_only() -> None:
    assert rng_for(1, "change").random() == rng_for(1, "change").random()
    assert rng_for(1, "change").random() != rng_for(1, "words").random()
    assert rng_for(1, "change").random() != rng_for(2, "change").random()


def test_holm_is_stepwise_bonferroni() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])


@given(levels)
def test_benjamini_hochberg_agrees_with_scipy(p: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@given(levels)
def test_corrected_values_keep_the_order_and_never_fall(p: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    for corrected in (holm(p), benjamini_hochberg(p)):
        assert (corrected >= p - 1e-12).all()
        assert (corrected <= 1).all()
        assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= -1e-12).all()


@given(levels)
def test_holm_is_the_stricter(p: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()


def test_what_was_not_estimable_is_no_test() -> None:
    p = np.array([np.nan, 0.02, np.nan, 0.5])
    assert holm(p)[1] == pytest.approx(0.04)
    assert benjamini_hochberg(p)[1] == pytest.approx(0.04)
    assert np.isnan(holm(p)[[0, 2]]).all()
