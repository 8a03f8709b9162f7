"""Broken character: replies that call themselves a machine, name their maker, or decline as an assistant.

Rates with Wilson's interval over replies; the test is by question, like the others.
"""

import numpy as np

from persona_batch.checks.markers import breaks_character
from persona_batch.comparing.comparison import Estimate
from persona_batch.comparing.intervals import wilson
from persona_batch.comparing.measures.base import Study, View
from persona_batch.comparing.measures.paired import PairedTest, paired_estimates

METRIC = "broken character"
UNIT = "share of replies"


class Character:
    """Measure 4."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._broken = np.zeros(len(study.layout.rows))

    def see(self, view: View) -> None:
        for place, text in enumerate(view.block.texts, view.block.start):
            self._broken[place] = breaks_character(text)

    def estimates(self) -> list[Estimate]:
        layout = self._study.layout
        means = layout.group_means(self._broken)
        size = layout.end - layout.start
        tests = []
        for pair in layout.pairs:
            arm, reference = means[pair.arm_group], means[pair.reference_group]
            test = PairedTest(pair, METRIC, UNIT, arm, reference)
            test.arm_interval, test.reference_interval = (
                wilson(float((means[groups] * size[groups]).sum()), int(size[groups].sum()))
                for groups in (np.unique(pair.arm_group), np.unique(pair.reference_group))
            )
            tests.append(test)
        return paired_estimates(self._study, "character", tests)
