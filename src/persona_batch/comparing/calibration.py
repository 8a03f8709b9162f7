"""Judges against people: how well they agree, and a judged difference corrected by some human ratings.

The correction is
prediction-powered inference with a tuned weight (Angelopoulos et al. 2023, arXiv:2301.09633; 2023, arXiv:2311.01453):
with d the judged difference of each of Q questions, and on the Q_r rated ones h the human and j the judged difference
of the same rated replies,

    estimate = l mean(d) + mean over rated (h - l j),

whose influences are summed by question (or cluster); l makes the variance smallest, and Student's t has Q_r - 2 degrees
of freedom. Simulated in `benchmarks.simulate` and docs/statistics.md.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import special

from persona_batch.comparing import sentences
from persona_batch.comparing.agreement import alpha
from persona_batch.comparing.comparison import Calibration, Estimate, Interval
from persona_batch.comparing.grades import Metric
from persona_batch.comparing.judged_scores import PARTS, REFUSED
from persona_batch.comparing.layout import Layout, Pair
from persona_batch.comparing.measures.judged import judged_pairs, sides

LEAST = 6  # rated questions; better twenty
Floats = NDArray[np.float64]


def calibrations(layout: Layout, estimates: Sequence[Estimate]) -> Iterator[Calibration]:
    """Yield the corrected difference of each judged row, where people rated some of its replies by its rubric."""
    rows = {(row.metric, row.arm, row.reference): row for row in estimates if row.measure == "judged"}
    for metric, column in layout.corpus.grades.judged.items():
        if PARTS in metric.name or metric.name.endswith(REFUSED):
            continue
        ratings = _ratings_of(layout, metric, column.rubric)
        if not ratings.by_rater and not ratings.unnamed:
            continue
        for pair in judged_pairs(layout, metric):
            row = rows.get((metric.name, layout.arms[pair.arm], layout.arms[pair.reference]))
            values = column.values[layout.rows]
            if row is not None and sides(layout, pair, metric, values) is not None:
                yield _calibration(layout, pair, metric, row, values, ratings)


class _Ratings(NamedTuple):
    """Each rater's word by place; `unnamed`: there are some that do not say by which of several rubrics."""

    by_rater: dict[str, dict[int, float]]
    unnamed: bool

    def mean(self, count: int) -> Floats:
        """Return the raters' mean by place; NaN where nobody rated."""
        total, number = np.zeros(count), np.zeros(count)
        for given in self.by_rater.values():
            places = list(given)
            total[places] += list(given.values())
            number[places] += 1
        mean: Floats = np.divide(total, number, out=np.full(count, np.nan), where=number > 0)
        return mean


def _ratings_of(layout: Layout, metric: Metric, rubric: str) -> _Ratings:
    """Return the ratings by a rubric; those that name none are by the run's only rubric of their kind."""
    grades = layout.corpus.grades
    rubrics = {column.rubric for one, column in grades.judged.items() if bool(one.beside) == bool(metric.beside)}
    found = {rater: dict(given) for rater, given in grades.human.get(Metric(rubric, metric.beside), {}).items()}
    unnamed = grades.human.get(Metric("", metric.beside), {}) if rubric else {}
    if len(rubrics) == 1:
        for rater, given in unnamed.items():
            found[rater] = {**given, **found.get(rater, {})}
    return _Ratings(found, bool(unnamed) and len(rubrics) > 1)


def _calibration(
    layout: Layout, pair: Pair, metric: Metric, row: Estimate, judged: Floats, ratings: _Ratings
) -> Calibration:
    human = ratings.mean(len(layout.corpus))[layout.rows]
    both = np.isfinite(human) & np.isfinite(judged)
    people, judge = (np.where(both, values, np.nan) for values in (human, judged))
    h, j = (_difference(layout, pair, metric, values) for values in (people, judge))
    d = np.array([np.nan if one is None else one for one in row.differences or ()], dtype=np.float64)
    found = Calibration(
        metric=row.metric,
        arm=row.arm,
        reference=row.reference or "",
        judged=row.value,
        ratings=int(both.sum()),
        raters=len(ratings.by_rater),
        raters_agree=alpha([*ratings.by_rater.values()]),
        judge_agrees=alpha([_by_place(people), _by_place(judge)]),
    )
    if not ratings.by_rater and ratings.unnamed:
        return replace(found, not_estimable=sentences.UNNAMED_RATINGS)
    if row.value is None or len(d) != len(h):
        return replace(found, not_estimable=row.not_estimable)
    rated = np.isfinite(h) & np.isfinite(j) & np.isfinite(d)
    count = len(np.unique(layout.cluster[rated]))
    found = replace(found, questions=count)
    if count < LEAST:
        reason = sentences.FEW_RATED.format(units=sentences.units(count, _noun(layout)), least=LEAST)
        return replace(found, not_estimable=reason)
    known = np.isfinite(d)
    value, low, high, weight = corrected(d[known], h[known], j[known], layout.cluster[known])
    interval = Interval(low, high, f"prediction-powered, t by {_noun(layout)}")
    return replace(found, value=value, interval=interval, weight=weight)


def _noun(layout: Layout) -> str:
    return "cluster" if layout.clustered else "question"


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


def _difference(layout: Layout, pair: Pair, metric: Metric, values: Floats) -> Floats:
    """Return by question the arm's mean minus the reference's, over the replies that have a value."""
    both = sides(layout, pair, metric, values)
    if both is None:
        return np.full(layout.question_count, np.nan)
    arm, reference = (layout.by_question(pair, side) for side in both)
    difference: Floats = arm - reference
    return difference


def _by_place(values: Floats) -> dict[int, float]:
    return {int(place): float(values[place]) for place in np.flatnonzero(np.isfinite(values))}
