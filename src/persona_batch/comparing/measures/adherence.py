"""Adherence: how often replies pass the persona's declared checks, against how often the reference's would.

A control's records do not carry the persona's checks, so the checks are evaluated on both sides alike.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from persona_batch.checks import Check, evaluate
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure, Study, View
from persona_batch.comparing.paired import PairedTest, paired

ALL = "all checks"
MAX_OWN_ROWS = 8  # checks with a row of their own, per arm


class Adherence(Measure):
    """Pass rates of declared checks."""

    name = "adherence"
    explanation = Explanation(
        definition=(
            "How often replies pass the persona's declared checks. The checks are evaluated on the reference's replies "
            "to the same question too, so the difference is what the prompt brought."
        ),
        formula="d_q = pass rate of the arm's replies to q over all checks - the same of the reference's; mean over q.",
        test=f"{SIGN_FLIP} Interval: Student's t over questions.",
        source="Miller 2024, arXiv:2411.00640",
        per_question="d_q",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        # per pair and metric: place of the stratum -> (arm's pass rate, reference's)
        self._rates: dict[int, dict[str, dict[int, tuple[float, float]]]] = defaultdict(lambda: defaultdict(dict))

    def see(self, view: View) -> None:
        layout, corpus, block = self.layout, self.layout.corpus, view.block
        passed: dict[tuple[Check, int], bool] = {}
        personas = corpus.columns["persona"][layout.rows[block.start : block.start + len(block.texts)]]

        def rate(check: Check, places: range | list[int]) -> float:
            total = 0
            for place in places:
                if (check, place) not in passed:
                    passed[check, place] = evaluate(check, block.texts[place])
                total += passed[check, place]
            return total / len(places)

        question = corpus.names["question"][block.question]
        for number, stratum in view.strata:
            pair = layout.pairs[number]
            arm = block.slice_of(layout, int(pair.arm_group[stratum]))
            other = block.slice_of(layout, int(pair.reference_group[stratum]))
            reference = range(other.start, other.stop)
            found: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
            for persona in np.unique(personas[arm]):
                mine = [place for place in range(arm.start, arm.stop) if personas[place] == persona]
                checks = corpus.checks.get((corpus.names["persona"][persona], question), ())
                rates = [(rate(check, mine), rate(check, reference)) for check in checks]
                for check, (own, theirs) in zip(checks, rates, strict=True):
                    found[_label(check)].append((own, theirs, len(mine)))
                if rates:
                    own, theirs = np.mean(rates, axis=0)
                    found[ALL].append((float(own), float(theirs), len(mine)))
            for metric, parts in found.items():
                *sides, weights = zip(*parts, strict=True)
                own, theirs = (float(np.average(side, weights=weights)) for side in sides)
                self._rates[number][metric][stratum] = (own, theirs)

    def findings(self) -> Findings:
        tests = []
        for number, pair in enumerate(self.layout.pairs):
            for metric, rates in self._rows(number):
                sides = np.full((2, len(pair.question)), np.nan)
                for stratum, both in rates.items():
                    sides[:, stratum] = both
                tests.append(PairedTest(pair, metric, "pass rate", *sides))
        return paired(self, tests)

    def _rows(self, number: int) -> Iterator[tuple[str, dict[int, tuple[float, float]]]]:
        """Yield the row of all checks, and one per check where there are several, the widest used first."""
        metrics = self._rates.get(number)
        if not metrics:
            return
        yield ALL, metrics.pop(ALL)
        if len(metrics) > 1:
            yield from sorted(metrics.items(), key=lambda row: (-len(row[1]), row[0]))[:MAX_OWN_ROWS]


MEASURE = Adherence


def _label(check: Check) -> str:
    """Return the check as a row's name: `contains 俺老孙`."""
    if check.argument is True:
        return check.name
    argument = check.argument
    return f"{check.name} {', '.join(argument) if isinstance(argument, tuple) else argument}"
