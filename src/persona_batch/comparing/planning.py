"""Planning: how many questions and samples would show an effect like the pilot's, with a wished power.

Arm minus reference: a question's difference varies by the effect's own variance over questions plus each side's noise
over its samples (both by the method of moments), so the questions needed follow from Student's t (Miller 2024,
arXiv:2411.00640). Change: a question adds its standardised energy, which grows with the samples as the energy's noise
falls (a degenerate U-statistic: as 1/n), and T is near normal over questions.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy import special

from persona_batch.comparing.comparison import LEVEL, Estimate, Need, PlannedMeasure
from persona_batch.comparing.intervals import t_quantile
from persona_batch.comparing.layout import Layout, Pair
from persona_batch.comparing.p_values import MIN_SIGN_FLIP, Floats

SAMPLES = (1, 2, 3, 5, 10, 20)
MOST_QUESTIONS = 100_000


def plan_difference(
    layout: Layout, pair: Pair, row: Estimate, values: Floats, power: float, target: float | None = None
) -> PlannedMeasure | None:
    """Return what it takes to see a difference of a measure that has a value per reply.

    Args:
        layout: the pilot.
        pair: the arm and its reference.
        row: the measure's row.
        values: (replies,) parallel to `layout.rows`, NaN where unknown.
        power: wished, in (0, 1).
        target: the difference to be seen, in the row's unit; None: the pilot's.
    """
    effect = abs(row.value or 0.0) if target is None else target
    known = np.array([value for value in row.differences if value is not None], dtype=np.float64)
    if len(known) < 2 or not effect > 0:
        return None
    sides = [_noise(layout, groups, values) for groups in (pair.arm_group, pair.reference_group)]
    noise = sum(variance for variance, _ in sides)
    between = max(0.0, float(known.var(ddof=1)) - sum(variance * share for variance, share in sides))
    needs = _needs(lambda samples: needed_questions(math.sqrt(between + noise / samples), effect, power))
    return PlannedMeasure(
        measure=row.measure, metric=row.metric, arm=row.arm, unit=row.unit, effect=effect, needs=list(needs)
    )


def plan_change(row: Estimate, z: Floats, samples: int, power: float) -> PlannedMeasure | None:
    """Return what it takes to see the pilot's change.

    Args:
        row: the pilot's row.
        z: (questions,) its standardised energies.
        samples: of a side, the fewest.
        power: wished, in (0, 1).
    """
    mean = float(z.mean()) if len(z) else 0.0
    if mean <= 0 or samples < 2:
        return None

    def questions(many: int) -> int | None:
        shift = mean * many / samples
        spread = max(1.0, float(z.std(ddof=1)) * many / samples) if len(z) > 1 else 1.0
        needed = ((special.ndtri(1 - LEVEL) + special.ndtri(power) * spread) / shift) ** 2
        return max(1, math.ceil(needed)) if needed <= MOST_QUESTIONS else None

    needs = [need for need in _needs(questions) if need.samples > 1]
    return PlannedMeasure(
        measure=row.measure, metric=row.metric, arm=row.arm, unit=row.unit, effect=row.value or 0.0, needs=needs
    )


def _needs(questions: Callable[[int], int | None]) -> Iterator[Need]:
    for samples in SAMPLES:
        needed = questions(samples)
        if needed is not None:
            yield Need(samples=samples, questions=needed)


def _noise(layout: Layout, groups: Sequence[int] | np.ndarray, values: Floats) -> tuple[float, float]:
    """Return the variance between replies of one cell, and the mean of 1/samples, over these groups."""
    squares, freedom, inverse = 0.0, 0, []
    for group in np.unique(groups):
        mine = values[layout.start[group] : layout.end[group]]
        mine = mine[np.isfinite(mine)]
        if not len(mine):
            continue
        inverse.append(1.0 / len(mine))
        squares += float(((mine - mine.mean()) ** 2).sum())
        freedom += len(mine) - 1
    return (squares / freedom if freedom else 0.0), (float(np.mean(inverse)) if inverse else 1.0)


def needed_questions(spread: float, effect: float, power: float) -> int | None:
    """Return the questions for a two-sided test of a mean difference at the level."""

    def enough(questions: int) -> bool:
        quantiles = t_quantile(1 - LEVEL / 2, questions - 1) + t_quantile(power, questions - 1)
        return quantiles * spread / math.sqrt(questions) <= effect

    if not enough(MOST_QUESTIONS):
        return None
    return bisect_left(range(MOST_QUESTIONS), True, lo=MIN_SIGN_FLIP, key=enough)
