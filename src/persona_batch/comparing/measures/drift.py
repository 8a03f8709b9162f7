"""Drift: does the probe's score fall as the talk goes on? One slope per dialogue, sign-flip over dialogues.

The unit is the dialogue, not the turn: turns of one dialogue hang together (a pooled regression takes them for
independent and is wrong twice as often as it says). The design of probes on a fork: arXiv:2402.10962.
"""

import numpy as np

from persona_batch.comparing.comparison import Estimate
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure, as_list
from persona_batch.comparing.p_values import rng_for, sign_flip
from persona_batch.comparing.paired import standardised, too_few


class Drift(Measure):
    """Each arm by itself, against no drift; the slopes were taken when the records were read."""

    name = "drift"
    explanation = Explanation(
        definition="Does the probe's score fall (or rise) as a dialogue goes on?",
        formula="One least-squares slope of score over turn per dialogue; value = mean slope.",
        test=SIGN_FLIP.replace("question", "dialogue"),
        source="arXiv:2402.10962 (the probes); Miller 2024, arXiv:2411.00640 (one value per cluster)",
        per_question="mean slope of the question's dialogues",
    )

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        layout, study, found = self.layout, self.study, Findings()
        slopes = layout.corpus.slope[layout.rows]
        arms = layout.assignment.arm[layout.rows]
        questions = layout.corpus.columns["question"][layout.rows]
        for number, name in enumerate(layout.arms):
            mine = (arms == number) & np.isfinite(slopes)
            values = slopes[mine]
            if not len(values):
                continue
            (p,), (exact,) = sign_flip(values[:, None], study.permutations, rng_for(study.seed, self.name, name))
            total = np.bincount(questions[mine], values, minlength=layout.question_count)
            count = np.bincount(questions[mine], minlength=layout.question_count)
            per_question = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
            known = not np.isnan(p)
            found.estimates.append(
                Estimate(
                    measure=self.name,
                    metric="slope",
                    arm=name,
                    reference=None,
                    unit="probe score per turn",
                    value=float(values.mean()),
                    arm_value=float(values.mean()),
                    interval=t_interval(values),
                    effect_size=standardised(values),
                    test="sign-flip by dialogue" + (", exact" if exact else "") if known else None,
                    p=float(p) if known else None,
                    questions=len(values),
                    samples=len(values),
                    not_estimable=None if known else too_few(len(values), "dialogue"),
                    differences=as_list(per_question),
                )
            )
        return found


MEASURE = Drift
