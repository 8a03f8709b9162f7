"""Confidence intervals: t by question, ratio of means, Wilson."""

import numpy as np
from scipy import special

from persona_batch.comparing.comparison import Interval
from persona_batch.comparing.p_values import Floats


def t_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t."""
    return float(special.stdtrit(freedom, probability))


def t_interval(values: Floats, level: float = 0.95) -> Interval | None:
    """Student's interval of the mean of one value per question; None with fewer than two."""
    present = values[np.isfinite(values)]
    if len(present) < 2:
        return None
    half = t_quantile((1 + level) / 2, len(present) - 1) * present.std(ddof=1) / np.sqrt(len(present))
    mean = float(present.mean())
    return Interval(low=mean - float(half), high=mean + float(half), method="t by question", level=level)


def ratio_interval(numerators: Floats, denominators: Floats, level: float = 0.95) -> Interval | None:
    """Interval of mean(numerators) / mean(denominators) over questions, by linearisation (Cochran 1977, 6.4)."""
    if len(numerators) < 2 or denominators.mean() <= 0:
        return None
    ratio = float(numerators.mean() / denominators.mean())
    spread = t_interval((numerators - ratio * denominators) / denominators.mean(), level)
    if spread is None:
        return None
    half = (spread.high - spread.low) / 2
    return Interval(low=ratio - half, high=ratio + half, method="t by question, ratio of means", level=level)


def wilson(successes: float, trials: int, level: float = 0.95) -> Interval | None:
    """Wilson's score interval of a rate (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    if trials == 0:
        return None
    z = float(special.ndtri((1 + level) / 2))
    rate = successes / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(low=float(low), high=float(high), method="Wilson", level=level)
