"""Advice: what this comparison could have seen, and what it would take to see more.

From the measured noise, at power .8 and level .05. Differences by question are seen from (t.975 + t.8) standard errors
on, and the questions needed go with the square of what is to be seen (Miller 2024, arXiv:2411.00640). Change is seen
from (z.95 + z.8) standard deviations of its permutation distribution on, which shrinks with the root of the
questions and, as a degenerate U-statistic, with the samples themselves.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from persona_batch.comparing.comparison import LEVEL, Advice, Arm, Estimate
from persona_batch.comparing.intervals import t_quantile
from persona_batch.comparing.layout import Layout
from persona_batch.wording import counted

QUESTIONS, SAMPLES = 20, 5
POWER = 0.8


def advise(layout: Layout, arms: Sequence[Arm], estimates: Sequence[Estimate]) -> list[Advice]:
    """Return the advice for a comparison; empty when everything in it stands out from noise.

    Args:
        layout: the comparison.
        arms: its arms.
        estimates: its rows.
    """
    if not layout.pairs:
        return []
    claiming = {arm.name for arm in arms if arm.role in {"persona", "level"}}
    questions = min(pair.questions for pair in layout.pairs)
    samples = _fewest_samples(layout)
    return [
        *_small(questions, samples, placebo=any(arm.role == "placebo" for arm in arms)),
        *_length([row for row in estimates if row.metric == "length" and row.arm in claiming]),
    ]


def detectable(values: Sequence[float | None]) -> float | None:
    """Return the smallest mean difference that these question values would show with power .8 at .05."""
    present = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(present) < 2 or not present.std() > 0:
        return None
    freedom = len(present) - 1
    quantiles = t_quantile(1 - LEVEL / 2, freedom) + t_quantile(POWER, freedom)
    return float(quantiles * present.std(ddof=1) / math.sqrt(len(present)))


def questions_needed(values: Sequence[float | None], effect: float) -> int | None:
    """Return how many questions like these it takes to see a mean difference of `effect` with power .8 at .05."""
    present = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(present) < 2 or effect <= 0:
        return None
    spread, most = float(present.std(ddof=1)), 2
    while not _enough(most, spread, effect):
        most *= 2
    return bisect_left(range(most), True, lo=2, key=lambda questions: _enough(questions, spread, effect))


def _enough(questions: int, spread: float, effect: float) -> bool:
    quantiles = t_quantile(1 - LEVEL / 2, questions - 1) + t_quantile(POWER, questions - 1)
    return quantiles * spread / math.sqrt(questions) <= effect


def _fewest_samples(layout: Layout) -> int:
    groups = np.concatenate([np.concatenate([pair.arm_group, pair.reference_group]) for pair in layout.pairs])
    sizes = (layout.end - layout.start)[groups]
    return int(sizes.min()) if len(sizes) else 0


def _small(questions: int, samples: int, *, placebo: bool) -> list[Advice]:
    if questions >= QUESTIONS and samples >= SAMPLES and placebo:
        return []
    lacking = "" if placebo else " and no placebo"
    return [
        Advice(
            f"{counted(questions, 'question')} with {counted(samples, 'distinct sample')} at least{lacking}: "
            f"good for large effects only. Better: {QUESTIONS} or more questions, {SAMPLES} samples, a placebo arm; "
            "more questions help more than more samples.",
            underpowered=True,
        )
    ]


def _length(rows: Sequence[Estimate]) -> list[Advice]:
    quiet = [row for row in rows if row.p_bh is None or row.p_bh > LEVEL]
    spreads = [(seen, row.arm, row) for row in quiet if (seen := detectable(row.differences)) is not None]
    if not spreads:
        return []
    seen, _, row = sorted(spreads, key=lambda found: found[:2])[len(spreads) // 2]
    needed = questions_needed(row.differences, seen / 2)
    return [
        Advice(
            f"{counted(row.questions, 'question')} show a difference in length of {seen:,.0f} characters or more "
            f"(power .8; {row.arm}); half of that takes about {needed:,} questions.",
            underpowered=True,
        )
    ]
