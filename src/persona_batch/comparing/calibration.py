"""Judges against people: how well they agree, and a judged difference corrected by some human ratings.

Agreement is Krippendorff's alpha for interval data (Krippendorff 2011), by the library of that name. The correction is
prediction-powered inference with a tuned weight (Angelopoulos et al. 2023, arXiv:2301.09633; 2023, arXiv:2311.01453):
with d the judged difference of each of Q questions, and on the Q_r rated ones h the human and j the judged difference
of the same rated replies,

    estimate = l mean(d) + mean over rated (h - l j),

whose influences are summed by question (or cluster); l makes the variance smallest, and Student's t has Q_r - 2 degrees
of freedom. Simulated in `benchmarks.simulate` and docs/statistics.md.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from persona_batch.comparing import sentences
from persona_batch.comparing.comparison import Calibration, Estimate, Interval
from persona_batch.comparing.judged_scores import PARTS, PREFERRED, REFUSED
from persona_batch.comparing.layout import Layout, Pair

LEAST = 6  # rated questions; better twenty
Floats = NDArray[np.float64]


def calibrations(layout: Layout, estimates: Sequence[Estimate]) -> Iterator[Calibration]:
    """Yield the corrected difference of each judged row, where people rated some of its replies."""
    pairs = {(layout.arms[pair.arm], layout.arms[pair.reference]): pair for pair in layout.pairs}
    for row in estimates:
        pair = pairs.get((row.arm, row.reference or ""))
        if row.measure != "judged" or pair is None or PARTS in row.metric or row.metric.endswith(REFUSED):
            continue
        human = layout.corpus.human.get(_rated_as(row.metric))
        if human is None or not np.isfinite(human[layout.rows]).any():
            continue
        yield _calibration(layout, pair, row, human[layout.rows])


def _rated_as(metric: str) -> str:
    return PREFERRED if PREFERRED in metric else ""


def _calibration(layout: Layout, pair: Pair, row: Estimate, human: Floats) -> Calibration:
    judged = layout.corpus.judged[row.metric].values[layout.rows]
    both = np.isfinite(human) & np.isfinite(judged)
    people, judge = (np.where(both, values, np.nan) for values in (human, judged))
    h, j = (_difference(layout, pair, values, row.metric) for values in (people, judge))
    d = np.array([np.nan if one is None else one for one in row.differences], dtype=np.float64)
    rated = np.isfinite(h) & np.isfinite(j) & np.isfinite(d)
    count = len(np.unique(layout.cluster[rated]))
    found = Calibration(
        metric=row.metric,
        arm=row.arm,
        reference=row.reference or "",
        judged=row.value,
        ratings=int(both.sum()),
        questions=count,
        raters=len(layout.corpus.raters),
        raters_agree=agreement([*layout.corpus.raters.values()]),
        judge_agrees=agreement([_by_place(people), _by_place(judge)]),
    )
    if count < LEAST:
        reason = sentences.FEW_RATED.format(units=sentences.units(count, "question"), least=LEAST)
        return _with(found, not_estimable=reason)
    known = np.isfinite(d)
    value, low, high, weight = corrected(d[known], h[known], j[known], layout.cluster[known])
    return _with(found, value=value, interval=Interval(low, high, "prediction-powered, t by question"), weight=weight)


def corrected(d: Floats, h: Floats, j: Floats, cluster: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """Return the corrected difference, the ends of its 95 % interval, and the weight of the judge (0 to 1).

    Args:
        d: the judged difference of each question, (questions,).
        h: the human difference of the rated replies; NaN where none was rated.
        j: the judged difference of the same replies.
        cluster: the cluster of each question.
    """
    rated = np.isfinite(h) & np.isfinite(j)
    total, count = len(d), int(rated.sum())
    a, b = np.zeros(total), (d - d.mean()) / total
    a[rated] = (h[rated] - h[rated].mean()) / count
    b[rated] -= (j[rated] - j[rated].mean()) / count
    first = np.bincount(cluster, a)
    second = np.bincount(cluster, b)
    varied = float(second @ second)
    weight = float(np.clip(-(first @ second) / varied, 0.0, 1.0)) if varied > 0 else 0.0
    value = weight * float(d.mean()) + float((h[rated] - weight * j[rated]).mean())
    psi = first + weight * second
    units = len(np.unique(cluster[rated]))
    error = math.sqrt(float(psi @ psi) * units / (units - 1))
    reach = float(special.stdtrit(units - 2, 0.975)) * error
    return value, value - reach, value + reach, weight


def agreement(raters: Sequence[Mapping[Any, float]]) -> float | None:
    """Return Krippendorff's alpha of raters, each with a value by unit; None: nothing that two of them rated varies.

    Raises:
        ImportError: the library is not installed.
    """
    units = sorted({unit for one in raters for unit in one}, key=str)
    table = np.array([[one.get(unit, np.nan) for unit in units] for one in raters], dtype=np.float64)
    if len(raters) < 2 or not units:
        return None
    shared = table[:, np.isfinite(table).sum(axis=0) >= 2]
    if shared.size == 0 or len(np.unique(shared[np.isfinite(shared)])) < 2:
        return None
    import krippendorff

    return float(krippendorff.alpha(reliability_data=shared, level_of_measurement="interval"))


def _difference(layout: Layout, pair: Pair, values: Floats, metric: str) -> Floats:
    """Return by question the arm's mean minus the reference's, over the replies that have a value."""
    means = layout.group_means(values)
    arm, reference = (layout.by_question(pair, means[groups]) for groups in (pair.arm_group, pair.reference_group))
    if PREFERRED in metric:
        reference = np.full_like(arm, 0.5)
    difference: Floats = arm - reference
    return difference


def _by_place(values: Floats) -> dict[int, float]:
    return {int(place): float(values[place]) for place in np.flatnonzero(np.isfinite(values))}


def _with(found: Calibration, **more: object) -> Calibration:
    from msgspec.structs import replace

    return replace(found, **more)
