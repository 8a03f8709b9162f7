"""Showing the replies to each question to all measures, and putting together what they found."""

from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from operator import or_

from persona_batch.comparing.comparison import MeasureName
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import Findings, Study, View
from persona_batch.comparing.measures import measure_of


def findings_of(study: Study, names: Sequence[MeasureName]) -> Findings:
    """Return what these measures find; the texts of one question are in memory at a time."""
    measures = [measure_of(name)(study) for name in names]
    layout = study.layout
    strata, placebo_strata = _strata_of(layout.pairs), _strata_of(layout.placebo_pairs)
    for block in layout.blocks():
        view = View(block, strata[block.question], placebo_strata[block.question])
        for measure in measures:
            measure.see(view)
    return reduce(or_, (measure.findings() for measure in measures), Findings())


def _strata_of(pairs: Sequence[Pair]) -> dict[int, list[tuple[int, int]]]:
    """Return by question the (pair, place in the pair) of its strata."""
    strata: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        for place, question in enumerate(pair.question):
            strata[int(question)].append((number, place))
    return strata
