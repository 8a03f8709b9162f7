"""Shift: length, sentences, lists, markdown and scripts of the replies, arm minus reference.

Paired means per question, t-interval over questions, sign-flip p (Miller 2024, arXiv:2411.00640), and Cliff's delta
within each question, averaged.
"""

import numpy as np

from persona_batch.comparing.comparison import EffectSize, Estimate
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measures.base import Study, View
from persona_batch.comparing.measures.paired import PairedTest, paired_estimates
from persona_batch.comparing.permutation import Floats
from persona_batch.comparing.surface import METRICS, surface


class Shift:
    """Measure 2."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._values = np.full((len(study.layout.rows), len(METRICS)), np.nan)

    def see(self, view: View) -> None:
        start = view.block.start
        for place, text in enumerate(view.block.texts, start):
            self._values[place] = surface(text)

    def estimates(self) -> list[Estimate]:
        layout = self._study.layout
        means = layout.group_means(self._values)
        tests = []
        for pair in layout.pairs:
            deltas = self._deltas(pair)
            for number, (metric, unit) in enumerate(METRICS):
                effect = EffectSize("Cliff's delta", float(deltas[number])) if len(pair.question) else None
                arm, reference = means[pair.arm_group, number], means[pair.reference_group, number]
                tests.append(PairedTest(pair, metric, unit, arm, reference, effect))
        return paired_estimates(self._study, "shift", tests)

    def _deltas(self, pair: Pair) -> Floats:
        """Cliff's delta of each metric, averaged over questions."""
        layout = self._study.layout
        strata = np.empty((len(pair.question), len(METRICS)))
        for place, (arm, reference) in enumerate(zip(pair.arm_group, pair.reference_group, strict=True)):
            mine = self._values[layout.start[arm] : layout.end[arm]]
            other = self._values[layout.start[reference] : layout.end[reference]]
            strata[place] = np.sign(mine[:, None, :] - other[None, :, :]).mean(axis=(0, 1))
        per_question = layout.by_question(pair, strata)
        return np.nanmean(per_question, axis=0) if len(pair.question) else np.full(len(METRICS), np.nan)
