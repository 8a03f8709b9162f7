"""Judged: what judges by a rubric gave the replies, arm minus reference; of pairwise rubrics the share preferred.

Scores are values like any other here: paired by question, against the spread of asking again, and against the placebo.
What a judge leaves out is no chance: with more than a twentieth of a side's judgments unread there is no row.
"""

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing import sentences
from persona_batch.comparing.columns import Column
from persona_batch.comparing.judged_scores import PREFERRED, REFUSED
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure
from persona_batch.comparing.paired import PairedTest, paired

MOST_UNREAD = 0.05


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
        layout, tests = self.layout, []
        for metric, column in layout.corpus.judged.items():
            values = column.values[layout.rows]
            means, judged = layout.group_means(values), column.judged[layout.rows]
            for pair in layout.pairs:
                arm, reference = means[pair.arm_group], means[pair.reference_group]
                if PREFERRED in metric and not np.isfinite(reference).any():  # it is the control itself
                    reference = np.where(np.isfinite(arm), 0.5, np.nan)
                if not self._judged(pair.arm_group, judged).any():
                    continue
                unit = "share of replies" if PREFERRED in metric or metric.endswith(REFUSED) else "score"
                test = PairedTest(pair, metric, unit, arm, reference)
                test.not_estimable = self._unread(pair, values, judged)
                tests.append(test)
        return paired(self, tests)

    def _places(self, groups: Column) -> Column:
        """Return the rows of these groups."""
        start, end = self.layout.start, self.layout.end
        parts = [np.arange(start[one], end[one]) for one in np.unique(groups)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def _judged(self, groups: Column, judged: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return judged[self._places(groups)]

    def _unread(self, pair: Pair, values: NDArray[np.float64], judged: NDArray[np.bool_]) -> str | None:
        """Say why a row means nothing where too much of what the judge said of a side could not be read."""
        layout = self.layout
        for number, groups in ((pair.arm, pair.arm_group), (pair.reference, pair.reference_group)):
            places = self._places(groups)
            asked = judged[places]
            unread = asked & ~np.isfinite(values[places])
            if asked.any() and unread.sum() > MOST_UNREAD * asked.sum():
                share = f"{unread.sum() / asked.sum():.0%}"
                return sentences.UNREAD.format(share=share, arm=layout.arms[number])
        return None


MEASURE = Judged
