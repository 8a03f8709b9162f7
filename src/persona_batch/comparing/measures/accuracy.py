"""Accuracy where a question has a key: per-question difference; McNemar's exact test at one sample.

McNemar 1947 (doi:10.1007/BF02295996), exact by the binomial distribution of the discordant questions.
"""

import numpy as np
from scipy import special

from persona_batch.comparing.comparison import EffectSize
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure
from persona_batch.comparing.paired import PairedTest, paired


class Accuracy(Measure):
    """The records carry what was right; the texts are not needed."""

    name = "accuracy"
    explanation = Explanation(
        definition="How often replies are right, where a question has a key.",
        formula="d_q = share of right replies of the arm - of the reference; mean over q.",
        test=f"{SIGN_FLIP} With one sample everywhere: McNemar's exact test on the questions where they differ.",
        source="McNemar 1947, doi:10.1007/BF02295996; Miller 2024, arXiv:2411.00640",
        per_question="d_q",
    )

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        correct = self.layout.corpus.correct[self.layout.rows]
        if not np.isfinite(correct).any():
            return Findings()
        means = self.layout.group_means(correct)
        tests = []
        for pair in self.layout.pairs:
            arm, reference = means[pair.arm_group], means[pair.reference_group]
            test = PairedTest(pair, "accuracy", "share of correct replies", arm, reference)
            if self._one_sample(pair):
                both = np.isfinite(arm) & np.isfinite(reference)
                won, lost = int((arm > reference)[both].sum()), int((arm < reference)[both].sum())
                test.p, test.test = mcnemar(won, lost) if both.any() else None, "McNemar, exact"
                test.effect_size = EffectSize("odds ratio of discordant questions", (won + 0.5) / (lost + 0.5))
            test.replies = correct
            tests.append(test)
        return paired(self, tests)

    def _one_sample(self, pair: Pair) -> bool:
        size = self.layout.end - self.layout.start
        alone = (size[pair.arm_group] == 1).all() and (size[pair.reference_group] == 1).all()
        return bool(alone) and len(np.unique(pair.question)) == len(pair.question)


MEASURE = Accuracy


def mcnemar(won: int, lost: int) -> float:
    """Two-sided exact p that discordant pairs fall to either side alike."""
    if won + lost == 0:
        return 1.0
    return min(1.0, 2.0 * float(special.bdtr(min(won, lost), won + lost, 0.5)))
