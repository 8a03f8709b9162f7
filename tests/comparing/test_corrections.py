import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from persona_batch.comparing.corrections import benjamini_hochberg, holm

levels = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


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
