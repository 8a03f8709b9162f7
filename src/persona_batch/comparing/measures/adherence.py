"""Adherence: how often replies pass the persona's declared checks, against how often the reference's would.

A control's records do not carry the persona's checks, so the checks are evaluated on both sides alike.
"""

from collections import defaultdict

import numpy as np

from persona_batch.checks import Check, evaluate
from persona_batch.comparing.comparison import Estimate
from persona_batch.comparing.declared import check_label
from persona_batch.comparing.measures.base import Study, View
from persona_batch.comparing.measures.paired import PairedTest, paired_estimates

ALL = "all checks"
UNIT = "pass rate"
MAX_OWN_ROWS = 8  # checks with a row of their own, per arm


class Adherence:
    """Measure 3."""

    def __init__(self, study: Study) -> None:
        self._study = study
        # per pair and metric: place of the stratum -> (arm's pass rate, reference's)
        self._rates: dict[int, dict[str, dict[int, tuple[float, float]]]] = defaultdict(lambda: defaultdict(dict))

    def see(self, view: View) -> None:
        layout, corpus = self._study.layout, self._study.layout.corpus
        passed: dict[tuple[Check, int], bool] = {}
        rows = layout.rows[view.block.start : view.block.start + len(view.block.texts)]
        personas = corpus.columns["persona"][rows]

        def rate(check: Check, places: range | list[int]) -> float:
            total = 0
            for place in places:
                if (check, place) not in passed:
                    passed[check, place] = evaluate(check, view.block.texts[place])
                total += passed[check, place]
            return total / len(places)

        question = corpus.names["question"][view.block.question]
        for number, stratum in view.strata:
            pair = layout.pairs[number]
            arm = view.block.slice_of(layout, int(pair.arm_group[stratum]))
            other = view.block.slice_of(layout, int(pair.reference_group[stratum]))
            reference = range(other.start, other.stop)
            found: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
            for persona in np.unique(personas[arm]):
                mine = [place for place in range(arm.start, arm.stop) if personas[place] == persona]
                checks = corpus.checks.get((corpus.names["persona"][persona], question), ())
                rates = [(check, rate(check, mine), rate(check, reference)) for check in checks]
                for check, own, theirs in rates:
                    found[check_label(check)].append((own, theirs, len(mine)))
                if rates:
                    own, theirs = np.mean([pair_of[1:] for pair_of in rates], axis=0)
                    found[ALL].append((float(own), float(theirs), len(mine)))
            for metric, parts in found.items():
                weights = [part[2] for part in parts]
                own = float(np.average([part[0] for part in parts], weights=weights))
                theirs = float(np.average([part[1] for part in parts], weights=weights))
                self._rates[number][metric][stratum] = (own, theirs)

    def estimates(self) -> list[Estimate]:
        layout = self._study.layout
        tests = []
        for number, pair in enumerate(layout.pairs):
            for metric, rates in self._rows(number):
                arm, reference = (np.full(len(pair.question), np.nan) for _ in range(2))
                for stratum, (own, theirs) in rates.items():
                    arm[stratum], reference[stratum] = own, theirs
                tests.append(PairedTest(pair, metric, UNIT, arm, reference))
        return paired_estimates(self._study, "adherence", tests)

    def _rows(self, number: int) -> list[tuple[str, dict[int, tuple[float, float]]]]:
        """The row of all checks, and one per check where there are several, the widest used first."""
        metrics = self._rates.get(number)
        if not metrics:
            return []
        own = sorted((name for name in metrics if name != ALL), key=lambda name: (-len(metrics[name]), name))
        shown = own[:MAX_OWN_ROWS] if len(own) > 1 else []
        return [(name, metrics[name]) for name in (ALL, *shown)]
