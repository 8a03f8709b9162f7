"""Drift: does the probe's score fall as the talk goes on? One slope per dialogue, sign-flips over questions.

The unit is never the turn: turns of one dialogue hang together (a pooled regression takes them for independent and is
wrong twice as often as it says). Dialogues on one question hang together too, so with six questions it is the question;
with fewer, it is the dialogue, and what is said is said of these questions. The design of probes on a fork:
arXiv:2402.10962. Beside the slope stands the curve: the mean score after each turn.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.comparison import AFTER, Estimate
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure, as_list
from persona_batch.comparing.p_values import MIN_SIGN_FLIP, rng_for, sign_flip
from persona_batch.comparing.paired import standardised, too_few

SLOPE = "slope"

Floats = NDArray[np.float64]


class Drift(Measure):
    """Each arm by itself, against no drift; the scores were taken when the records were read."""

    name = "drift"
    explanation = Explanation(
        definition="Does the probe's score fall (or rise) as a dialogue goes on?",
        formula="One least-squares slope of score over turn per dialogue; value = mean over questions.",
        test=SIGN_FLIP + " With fewer than six questions by dialogue, of these questions only.",
        source="arXiv:2402.10962 (the probes); Miller 2024, arXiv:2411.00640 (one value per cluster)",
        per_question="mean slope of the question's dialogues",
    )

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        layout, found = self.layout, Findings()
        slopes = layout.corpus.slope[layout.rows]
        arms = layout.assignment.arm[layout.rows]
        for number, name in enumerate(layout.arms):
            mine = (arms == number) & np.isfinite(slopes)
            if mine.any():
                found.estimates.append(self._slope(name, mine, slopes[mine]))
            found.estimates += self._curve(name, arms == number)
        return found

    def _slope(self, name: str, mine: NDArray[np.bool_], slopes: Floats) -> Estimate:
        layout, study = self.layout, self.study
        per_question = self._by_question(layout.corpus.columns["question"][layout.rows][mine], slopes)
        by_cluster = layout.by_cluster(per_question[:, None])[:, 0]
        values, unit = by_cluster[np.isfinite(by_cluster)], "cluster" if layout.clustered else "question"
        if len(values) < MIN_SIGN_FLIP and len(slopes) > len(values):
            values, unit = slopes, "dialogue"
        (p,), (exact,) = sign_flip(values[:, None], study.permutations, rng_for(study.seed, self.name, name))
        known = not np.isnan(p)
        return Estimate(
            measure=self.name,
            metric=SLOPE,
            arm=name,
            reference=None,
            unit="probe score per turn",
            value=float(values.mean()),
            arm_value=float(values.mean()),
            interval=t_interval(values),
            effect_size=standardised(values),
            test=f"sign-flip by {unit}" + (", exact" if exact else "") if known else None,
            p=float(p) if known else None,
            questions=len(values),
            samples=len(slopes),
            not_estimable=None if known else too_few(len(values), unit),
            differences=as_list(per_question),
        )

    def _curve(self, name: str, mine: NDArray[np.bool_]) -> Iterator[Estimate]:
        """Yield the mean score after each turn at which the arm was probed."""
        layout = self.layout
        scores: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for row in layout.rows[mine]:
            at: dict[int, list[float]] = defaultdict(list)
            for probe in layout.corpus.probes.get(int(row), ()):
                at[probe.after].append(probe.score)
            for after, values in at.items():
                scores[after].append((int(layout.corpus.columns["question"][row]), float(np.mean(values))))
        for after, found in sorted(scores.items()):
            questions = np.array([question for question, _ in found], dtype=np.int64)
            per_question = self._by_question(questions, np.array([score for _, score in found]))
            known = per_question[np.isfinite(per_question)]
            yield Estimate(
                measure=self.name,
                metric=f"{AFTER}{after}",
                arm=name,
                reference=None,
                unit="probe score",
                value=float(known.mean()),
                arm_value=float(known.mean()),
                interval=t_interval(known),
                questions=len(known),
                samples=len(found),
                differences=as_list(per_question),
            )

    def _by_question(self, questions: NDArray[np.int64], values: Floats) -> Floats:
        """Return the mean of each question's values; NaN where it has none."""
        total = np.bincount(questions, values, minlength=self.layout.question_count)
        count = np.bincount(questions, minlength=self.layout.question_count)
        means: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return means


MEASURE = Drift
