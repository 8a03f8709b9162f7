import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from persona_batch.comparing.intervals import rate_interval, root_ratio_interval, share_interval, t_interval, wilson


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
    found = root_ratio_interval(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_a_ratio_to_no_noise_has_no_interval() -> None:
    assert root_ratio_interval(np.array([1.0, 2.0]), np.zeros(2)) is None


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.1, 2)), min_size=2, max_size=20))
def test_the_interval_of_a_size_holds_it_and_stays_within_zero_and_one(pairs: list[tuple[float, float]]) -> None:
    energy, cross = np.array(pairs).T
    found = root_ratio_interval(np.minimum(energy, cross), cross)
    assert found is not None
    size = max(0.0, float(np.minimum(energy, cross).sum() / cross.sum()))
    assert -1e-9 <= found.low <= size + 1e-9
    assert size - 1e-9 <= found.high <= 1


def test_all_right_is_not_certain() -> None:
    for questions, low in ((20, 0.82), (8, 0.59)):
        found = share_interval(np.ones(questions), 0.001, 0.5)
        assert found is not None
        assert found.high == 1
        assert found.low == pytest.approx(low, abs=0.005)


def test_rates_that_differ_by_question_have_a_wider_interval_than_replies_alone_would() -> None:
    rates = np.array([0.0, 1.0] * 8)
    found, alone = rate_interval(rates, 80), wilson(40, 80)
    assert found is not None
    assert alone is not None
    assert found.high - found.low > 1.8 * (alone.high - alone.low)
