import numpy as np
import pytest
from scipy import stats

from persona_batch.comparing.intervals import ratio_interval, t_interval, wilson


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.array([1.0, 4.0, 2.5, 3.0, 7.0])
    found = t_interval(values)
    low, high = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high))


def test_one_question_has_no_interval() -> None:
    assert t_interval(np.array([1.0, np.nan])) is None


def test_wilsons_interval_is_the_published_one() -> None:
    expected = stats.binomtest(3, 20).proportion_ci(method="wilson")
    found = wilson(3, 20)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_rate_of_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None


def test_wilsons_interval_stays_within_zero_and_one() -> None:
    for count in (0, 5):
        found = wilson(count, 5)
        assert found is not None
        assert 0 <= found.low < found.high <= 1


def test_a_constant_ratio_has_an_interval_of_no_width() -> None:
    found = ratio_interval(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_a_ratio_to_no_noise_has_no_interval() -> None:
    assert ratio_interval(np.array([1.0, 2.0]), np.zeros(2)) is None
