"""Accuracy where a question has a key: per-question difference; McNemar's exact test at one sample.

McNemar 1947 (doi:10.1007/BF02295996), exact by the binomial distribution of the discordant questions.
"""

import numpy as np
from scipy import special

from persona_batch.comparing.comparison import EffectSize, Estimate
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measures.base import Study, View
from persona_batch.comparing.measures.paired import PairedTest, paired_estimates

METRIC = "accuracy"
UNIT = "share of correct replies"


class Accuracy:
    """Measure 8."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def see(self, view: View) -> None:
        """The records carry what was right; the texts are not needed."""

    def estimates(self) -> list[Estimate]:
        layout = self._study.layout
        correct = layout.corpus.correct[layout.rows]
        if not np.isfinite(correct).any():
            return []
        means = layout.group_means(correct)
        tests = []
        for pair in layout.pairs:
            arm, reference = means[pair.arm_group], means[pair.reference_group]
            test = PairedTest(pair, METRIC, UNIT, arm, reference)
            if self._one_sample(pair):
                both = np.isfinite(arm) & np.isfinite(reference)
                won, lost = int((arm > reference)[both].sum()), int((arm < reference)[both].sum())
                test.p, test.test = mcnemar(won, lost), "McNemar, exact"
                test.effect_size = EffectSize("odds ratio of discordant questions", (won + 0.5) / (lost + 0.5))
                if not both.any():
                    test.p = None
            tests.append(test)
        return paired_estimates(self._study, "accuracy", tests)

    def _one_sample(self, pair: Pair) -> bool:
        size = self._study.layout.end - self._study.layout.start
        alone = (size[pair.arm_group] == 1).all() and (size[pair.reference_group] == 1).all()
        return bool(alone) and len(np.unique(pair.question)) == len(pair.question)


def mcnemar(won: int, lost: int) -> float:
    """Two-sided exact p that discordant pairs fall to either side alike."""
    if won + lost == 0:
        return 1.0
    return min(1.0, 2.0 * float(special.bdtr(min(won, lost), won + lost, 0.5)))
