"""Judged: what judges by a rubric gave the replies, arm minus reference; of pairwise rubrics the share preferred.

Scores are values like any other here: paired by question, against the spread of asking again, and against the placebo.
Of pairs a reply's worth is against the persona that it was set beside, and is told against nobody else.
What a judge leaves out is no chance: with more than a twentieth of a side's judgments unread, or more unread on one
side than on the other, there is no row.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing import sentences
from persona_batch.comparing.columns import Column
from persona_batch.comparing.grades import JudgedColumn, Metric
from persona_batch.comparing.judged_scores import PARTS, REFUSED
from persona_batch.comparing.layout import Layout, Pair
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure
from persona_batch.comparing.measures.loss import unlike
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.paired import PairedTest, paired

MOST_UNREAD = 0.05


def judged_pairs(layout: Layout, metric: Metric) -> Iterator[Pair]:
    """Yield the pairs that a metric may be told of: of replies set beside the placebo, those with the placebo too."""
    yield from layout.pairs
    if metric.beside:
        taken = {(pair.arm, pair.reference) for pair in layout.pairs}
        yield from (pair for pair in layout.placebo_pairs if (pair.arm, pair.reference) not in taken)


def sides(layout: Layout, pair: Pair, metric: Metric, values: Floats) -> tuple[Floats, Floats] | None:
    """Return the values of a pair's strata on both sides; None: the metric says nothing of this pair.

    Args:
        layout: the comparison.
        pair: an arm and its reference.
        metric: of pairs, the reference is what the arm was set beside (then its worth is one half), or was itself set
            beside the same.
        values: parallel to the layout's rows; NaN where there is none.
    """
    means = layout.group_means(values)
    arm, reference = means[pair.arm_group], means[pair.reference_group]
    if metric.beside and not np.isfinite(reference).any():
        personas = layout.corpus.columns["persona"][layout.assignment.arm == pair.reference]
        if {layout.corpus.names["persona"][number] for number in np.unique(personas)} != {metric.beside}:
            return None
        reference = np.where(np.isfinite(arm), 0.5, np.nan)
    return (arm, reference) if np.isfinite(arm).any() or not metric.beside else None


class Judged(Measure):
    """The scores were read with the records; the texts are not needed."""

    name = "judged"
    explanation = Explanation(
        definition="What a judge model gave the replies by a rubric, as `batch judge` recorded it.",
        formula="d_q = mean score of the arm's replies to q - the same of the reference's; of pairwise rubrics the "
        "share of replies preferred to the control's (a tie is half) - 1/2; mean over q.",
        test=f"{SIGN_FLIP} Interval: Student's t over questions.",
        source="Zheng et al. 2023, arXiv:2306.05685 (judges, both orders); Miller 2024, arXiv:2411.00640",
        per_question="d_q",
    )

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        layout, tests, notes = self.layout, list[PairedTest](), list[str]()
        for metric, column in layout.corpus.grades.judged.items():
            values, judged = column.values[layout.rows], column.judged[layout.rows]
            told = False
            for pair in judged_pairs(layout, metric):
                both = sides(layout, pair, metric, values) if judged[self._places(pair.arm_group)].any() else None
                if both is None:
                    continue
                told = True
                unit = "share of replies" if metric.beside or metric.name.endswith(REFUSED) else "score"
                test = PairedTest(pair, metric.name, unit, *both)
                test.not_estimable = self._unread(pair, metric, values, judged)
                tests.append(test)
            notes += self._notes(metric, column, told=told)
        found = paired(self, tests)
        found.notes += notes
        return found

    def _notes(self, metric: Metric, column: JudgedColumn, *, told: bool) -> Iterator[str]:
        """Yield what a metric leaves out."""
        if metric.beside and not told:
            yield sentences.BESIDE.format(rubric=metric.name, other=metric.beside)
        if metric.name.endswith(REFUSED) or PARTS in metric.name:
            return
        layout = self.layout
        judged = column.judged[layout.rows]
        unread = int((judged & ~np.isfinite(column.values[layout.rows])).sum())
        if unread:
            total = f"{int(judged.sum()):,}"
            yield sentences.SOME_UNREAD.format(rubric=metric.name, n=f"{unread:,}", total=total)
        refused = layout.corpus.grades.judged.get(Metric(metric.name + REFUSED))
        left = len(judged) - int((judged if refused is None else judged | refused.judged[layout.rows]).sum())
        if left and not metric.beside:
            yield sentences.NOT_JUDGED.format(rubric=metric.name, n=f"{left:,}", total=f"{len(judged):,}")

    def _places(self, groups: Column) -> Column:
        """Return the rows of these groups."""
        start, end = self.layout.start, self.layout.end
        parts = [np.arange(start[one], end[one]) for one in np.unique(groups)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def _unread(self, pair: Pair, metric: Metric, values: Floats, judged: NDArray[np.bool_]) -> str | None:
        """Say why a row means nothing where too much of what the judge said of a side could not be read."""
        layout = self.layout
        for number, groups in ((pair.arm, pair.arm_group), (pair.reference, pair.reference_group)):
            places = self._places(groups)
            asked = judged[places]
            unread = asked & ~np.isfinite(values[places])
            if asked.any() and unread.sum() > MOST_UNREAD * asked.sum():
                share = f"{unread.sum() / asked.sum():.0%}"
                return sentences.UNREAD.format(share=share, arm=layout.arms[number])
        if metric.beside:
            return None
        lost = layout.group_means(np.where(judged, ~np.isfinite(values), np.nan))
        mine, other = (layout.by_question(pair, lost[groups]) for groups in (pair.arm_group, pair.reference_group))
        rates = unlike(self, pair, (mine, other), values)
        if rates is None:
            return None
        shares = [f"{rate:.1%}" for rate in rates]
        names = [layout.arms[number] for number in (pair.arm, pair.reference)]
        return sentences.UNREAD_APART.format(share=shares[0], arm=names[0], other_share=shares[1], other=names[1])


MEASURE = Judged
