"""Advice: what this comparison could have seen, and what it would take to see more.

From the measured noise: the sign-flip and t tests see, with power .8 at .05, an effect of (t.975 + t.8) x the standard
error of the question means; needed questions go with the square of what is to be seen (Miller 2024, arXiv:2411.00640).
"""

import math
from collections.abc import Sequence

import numpy as np

from persona_batch.compare.comparison import Advice, Arm, Estimate
from persona_batch.compare.intervals import t_quantile
from persona_batch.compare.layout import Layout

QUESTIONS, SAMPLES = 20, 5
POWER = 0.8


def advise(layout: Layout, arms: Sequence[Arm], estimates: Sequence[Estimate]) -> list[Advice]:
    """Return the advice for a comparison; empty when it is well powered."""
    if not layout.pairs:
        return []
    questions = min(pair.questions for pair in layout.pairs)
    sizes = layout.end - layout.start
    used = np.unique(np.concatenate([np.stack([pair.arm_group, pair.reference_group]).ravel() for pair in layout.pairs]))
    samples = float(np.median(sizes[used])) if len(used) else 0.0
    found = []
    if questions < QUESTIONS or samples < SAMPLES:
        found.append(
            Advice(
                f"{questions} questions with {samples:g} distinct samples each: a small effect would not show. "
                f"Better: {QUESTIONS} or more questions, {SAMPLES} samples, a placebo arm; "
                "more questions help more than more samples.",
                underpowered=True,
            )
        )
    found.extend(_needed(estimates, arms))
    return found


def detectable(values: Sequence[float | None]) -> float | None:
    """Return the smallest mean difference that these question values would show with power .8 at .05."""
    present = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(present) < 2 or not present.any():
        return None
    freedom = len(present) - 1
    return float((t_quantile(0.975, freedom) + t_quantile(POWER, freedom)) * present.std(ddof=1) / math.sqrt(len(present)))


def questions_needed(values: Sequence[float | None], effect: float) -> int | None:
    """Return how many questions like these it takes to see a mean difference of `effect` with power .8 at .05."""
    present = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(present) < 2 or effect <= 0:
        return None
    spread, needed = float(present.std(ddof=1)), 2
    for _ in range(100):
        quantiles = t_quantile(0.975, needed - 1) + t_quantile(POWER, needed - 1)
        better = max(2, math.ceil((quantiles * spread / effect) ** 2))
        if better == needed:
            break
        needed = better if better > needed else needed + (1 if better > needed else -1)
    return needed


def _needed(estimates: Sequence[Estimate], arms: Sequence[Arm]) -> list[Advice]:
    """Say, for each arm without a significant change in length, what length difference would have shown."""
    claiming = {arm.name for arm in arms if arm.role in {"persona", "level"}}
    rows = [row for row in estimates if row.measure == "shift" and row.metric == "length" and row.arm in claiming]
    quiet = [row for row in rows if row.p is not None and row.p > 0.05]
    spreads = [(seen, row) for row in quiet if (seen := detectable(row.differences)) is not None]
    if not spreads:
        return []
    seen, row = sorted(spreads, key=lambda pair: pair[0])[len(spreads) // 2]
    halved = questions_needed(row.differences, seen / 2)
    return [
        Advice(
            f"With {row.questions} questions a difference in length below {seen:.0f} characters would not have shown "
            f"({row.arm} against {row.reference}, power .8); half of that takes about {halved} questions.",
            underpowered=True,
        )
    ]
