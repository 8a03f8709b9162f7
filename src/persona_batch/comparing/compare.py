"""The whole comparison on one page: records → corpus → layout → measures → corrections → result."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

import numpy as np
from msgspec.structs import replace
from threadpoolctl import threadpool_limits

from persona_batch.checks import Check
from persona_batch.comparing.advice import advise
from persona_batch.comparing.comparison import Comparison, Estimate, MeasureName, Settings
from persona_batch.comparing.corpus import TextStore, read_corpus
from persona_batch.comparing.excerpts import Wanted, pick_excerpts
from persona_batch.comparing.factors import assign
from persona_batch.comparing.layout import Layout, count_arms, lay_out
from persona_batch.comparing.measure import Findings, Measure, Study, View
from persona_batch.comparing.measures import MEASURES, measure_of
from persona_batch.comparing.notes import notes_on
from persona_batch.comparing.p_values import benjamini_hochberg, holm
from persona_batch.comparing.runs import run_changes
from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.wording import meant

PERMUTATIONS = 9_999


def compare(
    records: Iterable[Record],
    *,
    after: Iterable[Record] | None = None,
    by: str = "persona",
    controls: Mapping[str, Sequence[str]] | None = None,
    checks: Mapping[str, Sequence[Check]] | None = None,
    control: str | None = None,
    measures: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    excerpts: Wanted | None = None,
) -> Comparison:
    """Compare the arms of one run, or each persona of a later run with itself in an earlier one.

    Args:
        records: the run (the earlier of two); read once, lazily.
        after: the later run; makes `by` the run.
        by: `persona`, `placement`, `variant`, `model`, `speaker`, or the name of an attribute.
        controls: ids of each persona's controls, the reference first; None: `none`, `empty`, `assistant` by id.
        checks: each persona's declared checks, for questions whose records do not carry them.
        control: a persona, or a level of the factor, that is everyone's reference.
        measures: which of `MEASURES`; None: all.
        permutations: relabellings and sign-flips per test.
        seed: of the permutations; the same seed and records give the same result.
        excerpts: which replies to hand out with the result; None: none.

    Raises:
        UsageError: no records at all, or an unknown factor, measure or control.
    """
    chosen = _chosen(measures)
    if permutations < 1:
        raise UsageError("--permutations must be at least 1; the default is 9999")
    by = by if after is None else "run"
    # one BLAS thread: the same sums on every machine, and many small products gain nothing from more
    with TextStore() as texts, threadpool_limits(limits=1, user_api="blas"):
        corpus = read_corpus(records, texts, after=after, checks=checks)
        if not len(corpus):
            raise UsageError("there are no records to compare; `batch runs` shows how far each run came")
        layout = lay_out(corpus, assign(corpus, by, controls=controls, control=control))
        study = Study(layout, permutations, seed)
        found = _findings(layout, [measure_of(name)(study) for name in chosen])
        estimates = _corrected(found.estimates, _claiming(layout))
        arms = count_arms(layout, found.moved)
        return Comparison(
            settings=Settings(by=by, measures=chosen, permutations=permutations, seed=seed),
            runs=corpus.runs,
            questions=corpus.names["question"],
            arms=arms,
            estimates=estimates,
            words=found.words,
            confusion=found.confusion,
            changes=run_changes(corpus) if after is not None else None,
            advice=advise(layout, arms, estimates, found.null_spread),
            notes=[*notes_on(layout, arms), *found.notes, *_too_few_permutations(estimates, permutations)],
            excerpts=pick_excerpts(layout, estimates, excerpts or Wanted()),
        )


def compare_runs(
    before: Iterable[Record],
    after: Iterable[Record],
    *,
    checks: Mapping[str, Sequence[Check]] | None = None,
    measures: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    excerpts: Wanted | None = None,
) -> Comparison:
    """Compare each persona of `after` with itself in `before`, paired by question (see `compare`)."""
    return compare(
        before, after=after, checks=checks, measures=measures, permutations=permutations, seed=seed, excerpts=excerpts
    )


def _chosen(measures: Sequence[str] | None) -> list[MeasureName]:
    if measures is None:
        return list(MEASURES)
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise UsageError(f"there is no measure `{unknown[0]}`; {meant(unknown[0], MEASURES)}")
    return [name for name in MEASURES if name in measures]


def _findings(layout: Layout, measures: Sequence[Measure]) -> Findings:
    """Show the replies to each question to all measures, and put together what they found."""
    strata: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, pair in enumerate(layout.pairs):
        for place, question in enumerate(pair.question):
            strata[int(question)].append((number, place))
    for block in layout.blocks():
        view = View(block, strata[block.question])
        for measure in measures:
            measure.see(view)
    return reduce(or_, (measure.findings() for measure in measures), Findings())


def _claiming(layout: Layout) -> set[str]:
    """Return the arms that a claim is made about; controls and placebos are yardsticks, outside the families."""
    return {name for name, role in zip(layout.arms, layout.roles, strict=True) if role not in {"control", "placebo"}}


def _corrected(estimates: Sequence[Estimate], claiming: set[str]) -> list[Estimate]:
    """Add Holm over the headline (each arm's change) and Benjamini-Hochberg over the whole table."""
    p = np.array([np.nan if estimate.p is None else estimate.p for estimate in estimates], dtype=np.float64)
    claims = np.array([row.arm in claiming or row.reference is None for row in estimates], dtype=np.bool_)
    headline = np.array([row.measure == "change" for row in estimates], dtype=np.bool_)
    by_holm = holm(np.where(claims & headline, p, np.nan))
    # what never differs, in any question, is no test; leaving it out does not depend on any sign or label
    idle = np.array([bool(row.differences) and not any(row.differences) for row in estimates], dtype=np.bool_)
    by_bh = np.where(claims & idle & np.isfinite(p), 1.0, benjamini_hochberg(np.where(claims & ~idle, p, np.nan)))
    return [
        replace(
            estimate,
            p_holm=None if np.isnan(by_holm[number]) else float(by_holm[number]),
            p_bh=None if np.isnan(by_bh[number]) else float(by_bh[number]),
        )
        for number, estimate in enumerate(estimates)
    ]


def _too_few_permutations(estimates: Sequence[Estimate], permutations: int) -> list[str]:
    """Say so where not even the smallest possible p would stand after Holm's correction."""
    claims = sum(row.p_holm is not None for row in estimates)
    if claims * 20 <= permutations + 1:
        return []
    told = f"With {permutations:,} permutations no change can stand out among {claims:,} arms at 5 %"
    return [f"{told}: use --permutations {claims * 20:,} or more."]
