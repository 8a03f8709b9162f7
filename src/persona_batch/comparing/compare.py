"""The whole comparison on one page: records → corpus → layout → measures → corrections → result."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace
from threadpoolctl import threadpool_limits

from persona_batch.checks import Check
from persona_batch.comparing import sentences
from persona_batch.comparing.agreement import can_tell_agreement
from persona_batch.comparing.calibration import calibrations
from persona_batch.comparing.claims import claims_of
from persona_batch.comparing.comparison import RATED, SHARED, Claim, Comparison, Estimate, MeasureName, Settings
from persona_batch.comparing.copies import Policy
from persona_batch.comparing.corpus import read_corpus
from persona_batch.comparing.counting import count_arms
from persona_batch.comparing.equivalence import with_equivalence
from persona_batch.comparing.excerpts import Wanted, pick_excerpts
from persona_batch.comparing.factor_rows import factor_rows
from persona_batch.comparing.factors import assign
from persona_batch.comparing.judged_scores import Scores
from persona_batch.comparing.layout import Layout, lay_out
from persona_batch.comparing.measure import Study
from persona_batch.comparing.measures import MEASURES
from persona_batch.comparing.notes import advise, notes_on
from persona_batch.comparing.p_values import benjamini_hochberg
from persona_batch.comparing.runs import run_changes
from persona_batch.comparing.seeing import findings_of
from persona_batch.comparing.text_store import TextStore
from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.wording import meant

PERMUTATIONS = 9_999
PER_CLAIM = 40  # permutations for each arm in the family: the smallest p of a half, doubled, has to stand after Holm


def compare(
    records: Iterable[Record],
    *,
    after: Iterable[Record] | None = None,
    by: str = "persona",
    controls: Mapping[str, Sequence[str]] | None = None,
    checks: Mapping[str, Sequence[Check]] | None = None,
    control: str | None = None,
    clusters: Mapping[str, str] | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
    copies: Policy = "source",
    margins: Mapping[str, float] | None = None,
    scores: Sequence[Scores] = (),
    unplanned: Collection[int] = (),
    measures: Sequence[str] | None = None,
    permutations: int = PERMUTATIONS,
    power: float | None = None,
    seed: int = 0,
    excerpts: Wanted | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare the arms of one run, or each persona of a later run with itself in an earlier one.

    Args:
        records: the run (the earlier of two); read once, lazily.
        after: the later run; makes `by` the run.
        by: `persona`, `placement`, `variant`, `model`, `speaker`, one of the grid's own factors, or an attribute.
        controls: ids of each persona's controls, the reference first; None: `none`, `empty`, `assistant` by id.
        checks: each persona's declared checks, for questions whose records do not carry them.
        control: a persona, or a level of the factor, that is everyone's reference.
        clusters: the cluster of each question that has one: paraphrases are one unit of inference.
        levels: of the grid's own factors, in the order of the files: the first is the reference.
        copies: which samples of a cell count once: those of one draw (`source`), all that are byte-identical (`once`),
            or none (`all`).
        margins: by metric, within what a difference counts as none (`with_equivalence`).
        scores: what judges gave the replies of each run (`read_scores`).
        unplanned: which runs (0, 1) are imported results: nobody planned a grid, so that no cell of it is missing.
        measures: which of `MEASURES`; None: all.
        permutations: relabellings and sign-flips per test; the default is raised where there are many arms.
        power: wished; says what it takes to see effects like these with it (`Comparison.plan`). None: says nothing.
        seed: of the permutations; the same seed and records give the same result.
        excerpts: which replies to hand out with the result; None: none.
        workers: processes; None: as many as there are cores, where that pays and can be done.
        progress: told how much of the work is done, as steps of steps.

    Raises:
        UsageError: no records at all, or an unknown factor, measure or control.
    """
    chosen = _chosen(measures)
    if permutations < 1:
        raise UsageError("--permutations must be at least 1; the default is 9999")
    if power is not None and not 0.0 < power < 1.0:
        raise UsageError(f"--power {power:g}: a power lies between 0 and 1; usual is 0.8")
    by = by if after is None else "run"
    # one BLAS thread: the same sums on every machine, and many small products gain nothing from more
    with TextStore() as texts, threadpool_limits(limits=1, user_api="blas"):
        corpus = read_corpus(records, texts, after=after, checks=checks, scores=scores)
        if not len(corpus):
            raise UsageError("there are no records to compare; `batch runs` shows how far each run came")
        assignment = assign(corpus, by, controls=controls, control=control, levels=levels)
        layout = lay_out(corpus, assignment, clusters=clusters, copies=copies)
        if permutations == PERMUTATIONS:  # as many as it takes for that many arms
            permutations = max(permutations, PER_CLAIM * len(claims_of(layout, [])))
        study = Study(layout, permutations, seed, power)
        found = findings_of(study, chosen, workers=workers, tell=progress)
        claims = claims_of(layout, found.estimates)
        estimates = _corrected(layout, found.estimates, claims)
        if margins:
            estimates = with_equivalence(layout, estimates, margins)
        arms = count_arms(layout, found.moved, unplanned)
        factors = factor_rows(study, clusters, copies, levels) if by == "persona" else []
        calibrated = list(calibrations(layout, estimates))
        unmeasured = [sentences.NO_AGREEMENT] if calibrated and not can_tell_agreement() else []
        return Comparison(
            settings=Settings(by=by, measures=chosen, permutations=permutations, seed=seed, power=power),
            runs=corpus.runs,
            questions=corpus.names["question"],
            arms=arms,
            claims=claims,
            estimates=estimates,
            words=found.words,
            confusion=found.confusion,
            changes=run_changes(corpus) if after is not None else None,
            factors=factors,
            calibrations=calibrated,
            plan=[planned for planned in found.plan if planned.arm in {claim.arm for claim in claims}],
            advice=advise(layout, claims),
            notes=[
                *notes_on(layout, arms, ragged=bool(unplanned) and by == "persona"),
                *found.notes,
                *_too_few_permutations(claims, permutations),
                *unmeasured,
            ],
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


def _corrected(layout: Layout, estimates: Sequence[Estimate], claims: Sequence[Claim]) -> list[Estimate]:
    """Add Holm's p of the claims to their rows of `change`, and Benjamini-Hochberg over what the table claims.

    Controls and placebos are yardsticks, outside the families, and so are the rows against a placebo. What people say
    is a family of its own, against whomever: to rate changes nothing of what is said of the texts.
    """
    by_arm = {claim.arm: claim for claim in claims}
    references = {pair.arm: layout.arms[pair.reference] for pair in layout.pairs}
    reference_of = {layout.arms[arm]: name for arm, name in references.items()}
    p = np.array([np.nan if estimate.p is None else estimate.p for estimate in estimates], dtype=np.float64)
    people = np.array([row.measure == RATED for row in estimates], dtype=np.bool_)
    claimed = np.array(
        [
            (row.measure != "told_apart" or row.metric == SHARED)
            and (row.arm in by_arm or row.arm not in layout.arms)
            and (row.measure == RATED or row.reference is None or row.reference == reference_of.get(row.arm))
            for row in estimates
        ],
        dtype=np.bool_,
    )
    # what never differs, in any question, is no test; leaving it out does not depend on any sign or label
    idle = np.array([bool(row.differences) and not any(row.differences) for row in estimates], dtype=np.bool_)
    by_bh = np.where(claimed & idle & np.isfinite(p), 1.0, np.nan)
    for family in (people, ~people):
        tested = claimed & ~idle & family
        by_bh[tested] = benjamini_hochberg(np.where(tested, p, np.nan))[tested]
    found = []
    for number, row in enumerate(estimates):
        headline = row.measure == "change" and claimed[number] and row.arm in by_arm
        adjusted = None if np.isnan(by_bh[number]) else float(by_bh[number])
        found.append(replace(row, p_holm=by_arm[row.arm].p_holm if headline else None, p_bh=adjusted))
    return found


def _too_few_permutations(claims: Sequence[Claim], permutations: int) -> list[str]:
    """Say so where not even the smallest possible p would stand after Holm's correction."""
    tested = sum(claim.p_holm is not None for claim in claims)
    needed = tested * PER_CLAIM
    if needed <= permutations + 1:
        return []
    told = {"permutations": permutations, "n": tested, "needed": needed}
    return [sentences.FEW_PERMUTATIONS.format(**{name: f"{number:,}" for name, number in told.items()})]
