"""Adherence: how often replies pass the persona's declared checks, against how often the reference's would.

A control's records do not carry the persona's checks, so the checks are evaluated on both sides alike.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from persona_batch.checks import Check, evaluate
from persona_batch.comparing.columns import Column
from persona_batch.comparing.layout import mean_of_means
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure, Study, View
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.paired import PairedTest, paired

ALL = "all checks"
MAX_OWN_ROWS = 8  # checks with a row of their own, per arm


@dataclass(frozen=True, slots=True)
class _Sight:
    """A persona's checks on its replies to a question and on the reference's: (replies, checks), 1 where passed.

    `places` are the layout's rows of its replies, `reference` is the first of the others.
    """

    pair: int
    stratum: int
    persona: int
    places: Column
    reference: int
    own: Floats
    theirs: Floats


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
        self._replies: dict[int, Floats] = {}  # by pair, where power is planned: the share of checks each reply passes
        # per pair and metric, where arms are levels of an attribute: persona, place of the stratum, difference
        self._by_persona: dict[tuple[int, str], list[tuple[int, int, float]]] = defaultdict(list)

    def look(self, view: View) -> list[_Sight]:
        layout, block = self.layout, view.block
        personas = layout.corpus.columns["persona"][layout.rows[block.start : block.start + len(block.texts)]]
        verdicts: dict[tuple[Check, int], bool] = {}

        def passed(check: Check, place: int) -> bool:
            if (check, place) not in verdicts:
                verdicts[check, place] = evaluate(check, block.texts[place])
            return verdicts[check, place]

        found = []
        for number, stratum in view.strata:
            pair = layout.pairs[number]
            arm = block.slice_of(layout, int(pair.arm_group[stratum]))
            other = block.slice_of(layout, int(pair.reference_group[stratum]))
            for persona in np.unique(personas[arm]).tolist():
                checks = self._checks(persona, block.question)
                if not checks:
                    continue
                mine = arm.start + np.flatnonzero(personas[arm] == persona)
                own, theirs = (
                    np.array([[passed(check, int(place)) for check in checks] for place in places], dtype=np.float64)
                    for places in (mine, np.arange(other.start, other.stop))
                )
                found.append(
                    _Sight(number, stratum, persona, block.start + mine, block.start + other.start, own, theirs)
                )
        return found

    def keep(self, sight: list[_Sight]) -> None:
        by_metric: dict[tuple[int, int, str], list[tuple[float, float, int]]] = defaultdict(list)
        for seen in sight:
            if self.study.power is not None:
                known = self._replies.setdefault(seen.pair, np.full(len(self.layout.rows), np.nan))
                known[seen.places] = seen.own.mean(axis=1)
                known[seen.reference : seen.reference + len(seen.theirs)] = seen.theirs.mean(axis=1)
            question = int(self.layout.pairs[seen.pair].question[seen.stratum])
            labels = [*(check.label for check in self._checks(seen.persona, question)), ALL]
            rates = zip(seen.own.mean(axis=0).tolist(), seen.theirs.mean(axis=0).tolist(), strict=True)
            for label, both in zip(labels, [*rates, (float(seen.own.mean()), float(seen.theirs.mean()))], strict=True):
                by_metric[seen.pair, seen.stratum, label].append((*both, len(seen.own)))
                self._by_persona[seen.pair, label].append((seen.persona, seen.stratum, both[0] - both[1]))
        for (number, stratum, metric), parts in by_metric.items():
            own, theirs, _ = parts[0]
            if len(parts) > 1:  # personas of one level, by the number of their replies
                *sides, weights = zip(*parts, strict=True)
                own, theirs = (float(np.average(side, weights=weights)) for side in sides)
            self._rates[number][metric][stratum] = (own, theirs)

    def _checks(self, persona: int, question: int) -> tuple[Check, ...]:
        corpus = self.layout.corpus
        return corpus.checks.get((corpus.names["persona"][persona], corpus.names["question"][question]), ())

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        tests = []
        for number, pair in enumerate(self.layout.pairs):
            for metric, rates in self._rows(number):
                sides = np.full((2, len(pair.question)), np.nan)
                for stratum, both in rates.items():
                    sides[:, stratum] = both
                test = PairedTest(pair, metric, "pass rate", *sides)
                test.replies = self._replies.get(number) if metric == ALL else None
                if self.layout.assignment.attribute is not None:
                    persona, place, difference = map(np.array, zip(*self._by_persona[number, metric], strict=True))
                    test.by_persona = mean_of_means(persona, place, difference)
                tests.append(test)
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
