"""Consistency: asked k times, how often does every reply pass all its checks (pass^k), some, or none?

A pass rate of 80 % can mean four questions in five that always pass, or every question at four times in five. pass^k is
the unbiased estimate of the chance that k replies drawn from a cell all pass, C(c, k) / C(n, k) with c of n passed
(Yao et al. 2024, arXiv:2406.12045), k the fewest samples of any cell.
"""

from typing import TypeAlias

import numpy as np
from scipy import special

from persona_batch.checks import evaluate
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure, Study, View
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.paired import PairedTest, paired

_Sight: TypeAlias = tuple[int, int, list[int], list[int]]  # pair, stratum, and of both sides: passed, judged


class Consistency(Measure):
    """Shares of questions that always, sometimes, never pass."""

    name = "consistency"
    explanation = Explanation(
        definition=(
            "Of k replies to one question, do all pass all declared checks (pass^k), some of them, or none? The share "
            "of questions that always, sometimes, never pass, of the arm and of its reference."
        ),
        formula=(
            "c of the n replies to q pass: always = pass^k = mean_q C(c, k) / C(n, k), never = mean_q C(n - c, k) / "
            "C(n, k), sometimes = the rest."
        ),
        test=SIGN_FLIP,
        source="Yao et al. 2024, arXiv:2406.12045 (pass^k)",
        per_question="the arm's share of draws of k replies that all pass, the reference's, and the difference",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        # by pair: passed and judged replies of (arm, reference), a column per stratum
        self._passed = [np.full((2, len(pair.question)), np.nan) for pair in study.layout.pairs]
        self._judged = [np.zeros((2, len(pair.question))) for pair in study.layout.pairs]

    def look(self, view: View) -> list[_Sight]:
        layout, corpus, block = self.layout, self.layout.corpus, view.block
        people = corpus.columns["persona"][layout.rows[block.start : block.start + len(block.texts)]]
        question = corpus.names["question"][block.question]
        found = []
        for number, stratum in view.strata:
            pair = layout.pairs[number]
            arm = block.slice_of(layout, int(pair.arm_group[stratum]))
            other = block.slice_of(layout, int(pair.reference_group[stratum]))
            named = [corpus.names["persona"][person] for person in np.unique(people[arm])]
            declared = {corpus.checks.get((name, question), ()) for name in named}
            if len(declared) != 1 or not (checks := declared.pop()):
                continue  # no checks, or personas that are judged by different ones
            passed = [
                sum(all(evaluate(check, text) for check in checks) for text in block.texts[places])
                for places in (arm, other)
            ]
            found.append((number, stratum, passed, [arm.stop - arm.start, other.stop - other.start]))
        return found

    def keep(self, sight: list[_Sight]) -> None:
        for number, stratum, passed, judged in sight:
            self._passed[number][:, stratum] = passed
            self._judged[number][:, stratum] = judged

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        tests = []
        for number, pair in enumerate(self.layout.pairs):
            known = np.isfinite(self._passed[number][0])
            samples = int(self._judged[number][:, known].min()) if known.any() else 0
            if samples > 1:
                tests.extend(self._tests(number, pair, samples))
        return paired(self, tests)

    def _tests(self, number: int, pair: Pair, samples: int) -> list[PairedTest]:
        passed, judged = self._passed[number], self._judged[number]
        always = _all_of(passed, judged, samples)
        never = _all_of(judged - passed, judged, samples)
        shares = {f"always (pass^{samples})": always, "sometimes": 1.0 - always - never, "never": never}
        return [PairedTest(pair, metric, "share of questions", *share) for metric, share in shares.items()]


MEASURE = Consistency


def _all_of(hits: Floats, trials: Floats, samples: int) -> Floats:
    """Return C(hits, samples) / C(trials, samples): the chance that so many drawn without replacement all hit."""
    found: Floats = special.binom(hits, samples) / special.binom(trials, samples)
    return np.where(hits >= samples, found, np.where(np.isfinite(hits), 0.0, np.nan))
