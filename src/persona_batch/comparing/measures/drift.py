"""Drift: does the probe's score fall as the talk goes on? One slope per dialogue, sign-flip over dialogues.

The unit is the dialogue, not the turn: turns of one dialogue hang together (a pooled regression takes them for
independent and is wrong twice as often as it says). The design of probes on a fork: arXiv:2402.10962.
"""

import numpy as np

from persona_batch.comparing.comparison import Estimate
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.measures.base import Study, View, as_list, or_none
from persona_batch.comparing.measures.paired import standardised, too_few
from persona_batch.comparing.permutation import rng_for, sign_flip

METRIC = "slope"
UNIT = "probe score per turn"


class Drift:
    """Measure 7: each arm by itself, against no drift."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def see(self, view: View) -> None:
        """The slopes were taken when the records were read; the texts are not needed."""

    def estimates(self) -> list[Estimate]:
        layout = self._study.layout
        slopes = layout.corpus.slope[layout.rows]
        arms = layout.assignment.arm[layout.rows]
        questions = layout.corpus.columns["question"][layout.rows]
        found = []
        for number, name in enumerate(layout.arms):
            mine = (arms == number) & np.isfinite(slopes)
            values = slopes[mine]
            if not len(values):
                continue
            p, exact = sign_flip(values[:, None], self._study.permutations, rng_for(self._study.seed, "drift", name))
            total = np.bincount(questions[mine], values, minlength=layout.question_count)
            count = np.bincount(questions[mine], minlength=layout.question_count)
            per_question = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
            method = "sign-flip by dialogue, exact" if exact[0] else "sign-flip by dialogue"
            known = or_none(float(p[0]))
            found.append(
                Estimate(
                    measure="drift",
                    metric=METRIC,
                    arm=name,
                    reference=None,
                    unit=UNIT,
                    value=float(values.mean()),
                    arm_value=float(values.mean()),
                    interval=t_interval(values),
                    effect_size=standardised(values),
                    test=method if known is not None else None,
                    p=known,
                    questions=len(values),
                    samples=len(values),
                    not_estimable=None if known is not None else too_few(len(values), "dialogues"),
                    differences=as_list(per_question),
                )
            )
        return found
