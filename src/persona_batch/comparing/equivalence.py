"""Equivalence: "does nothing", "has not drifted" are claims of their own, within a margin that the user names.

Two one-sided tests (Schuirmann 1987, doi:10.1007/BF01068419): a difference lies within the margin if the 90 %
t-interval by question does. Refused where the formula does not hold: with fewer than 20 questions, and where a rate
lies within the margin of 0 or 1 (a side that always passes has no variance: by simulation up to .29 instead of .05).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace
from scipy import special

from persona_batch.comparing import sentences
from persona_batch.comparing.comparison import LEVEL, Equivalence, Estimate
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.layout import Layout
from persona_batch.comparing.p_values import Floats
from persona_batch.errors import UsageError
from persona_batch.wording import meant

MIN_UNITS = 20
_BOUNDED = ("share", "rate")


def with_equivalence(layout: Layout, estimates: Sequence[Estimate], margins: Mapping[str, float]) -> list[Estimate]:
    """Add the tests to the rows of these metrics.

    Args:
        layout: the comparison.
        estimates: its rows.
        margins: by metric (`length`, `all checks`, `broken character`, …), in the unit of its rows.

    Raises:
        UsageError: a metric that no row has, or a margin that is not above 0.
    """
    metrics = {row.metric for row in estimates if row.differences and row.reference is not None and _is_paired(row)}
    for metric, margin in margins.items():
        if metric not in metrics:
            raise UsageError(f"--margin {metric}: no such difference here; {meant(metric, sorted(metrics))}")
        if not margin > 0:
            raise UsageError(f"--margin {metric}: {margin:g} is no margin; it must be above 0")
    return [
        replace(row, equivalence=_tested(layout, row, margins[row.metric]))
        if row.metric in margins and _is_paired(row)
        else row
        for row in estimates
    ]


def _is_paired(row: Estimate) -> bool:
    return row.measure not in {"told_apart", "change", "identifiability", "words", "drift"}


def _tested(layout: Layout, row: Estimate, margin: float) -> Equivalence:
    if row.not_estimable is not None and row.value is None:
        return Equivalence(margin, refused=row.not_estimable)
    by_question = np.array([np.nan if value is None else value for value in row.differences], dtype=np.float64)
    units = layout.by_cluster(by_question)
    present: Floats = units[np.isfinite(units)]
    refused = _refused(row, margin, len(present), layout.clustered)
    if refused is not None:
        return Equivalence(margin, refused=refused)
    interval = t_interval(present, 1 - 2 * LEVEL)
    error = float(present.std(ddof=1)) / np.sqrt(len(present))
    if interval is None or error == 0:
        return Equivalence(margin, refused=sentences.STEADY)
    nearest = (margin - abs(float(present.mean()))) / error
    smallest = max(abs(interval.low), abs(interval.high))
    p = float(special.stdtr(len(present) - 1, -nearest))
    return Equivalence(margin, p=p, holds=smallest <= margin, smallest=smallest)


def _refused(row: Estimate, margin: float, units: int, clustered: bool) -> str | None:
    if units < MIN_UNITS:
        name = "cluster" if clustered else "question"
        return sentences.FEW_FOR_NOTHING.format(units=sentences.units(units, name), least=MIN_UNITS)
    if any(word in row.unit for word in _BOUNDED):
        for side, rate in ((row.arm, row.arm_value), (row.reference, row.reference_value)):
            if rate is not None and min(rate, 1 - rate) <= margin:
                end = "0" if rate < 0.5 else "100"
                return sentences.AT_THE_EDGE.format(arm=side, share=f"{rate:.0%}", edge=end)
    return row.not_estimable
