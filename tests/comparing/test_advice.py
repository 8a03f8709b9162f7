import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.comparing.advice import detectable, questions_needed


def test_the_needed_questions_show_just_what_was_asked_for() -> None:
    values = np.random.default_rng(1).normal(0, 10, 30).tolist()
    effect = 4.0
    needed = questions_needed(values, effect)
    assert needed is not None
    spread = float(np.std(values, ddof=1))
    assert needed == pytest.approx((2.8 * spread / effect) ** 2, rel=0.1)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30).filter(lambda v: np.std(v) > 1e-3), st.floats(0.1, 0.9))
def test_smaller_effects_take_more_questions(values: list[float], share: float) -> None:
    seen = detectable(values)
    assert seen is not None
    assert questions_needed(values, seen) == len(values)
    assert (questions_needed(values, seen * share) or 0) >= len(values)


def test_power_is_as_promised() -> None:
    rng = np.random.default_rng(2)
    questions = 20
    shown = 0
    for _ in range(400):
        values = rng.normal(0.0, 1.0, questions)
        effect = 2.8 / np.sqrt(questions)
        t = (values.mean() + effect) / (values.std(ddof=1) / np.sqrt(questions))
        shown += t > 2.093
    assert detectable(rng.normal(0, 1, 2_000).tolist()) == pytest.approx(2.8 / np.sqrt(2_000), rel=0.06)
    assert shown / 400 == pytest.approx(0.78, abs=0.07)


def test_nothing_is_advised_without_noise() -> None:
    assert detectable([1.0, 1.0, 1.0]) is None
    assert detectable([1.0, None]) is None
    assert questions_needed([1.0], 1.0) is None
