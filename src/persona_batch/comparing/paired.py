"""Arm minus reference, one value per question: t-interval and sign-flip. Most measures end here.

Where questions are paraphrases of one another the cluster is the unit: signs are flipped for the *sum* of a cluster's
differences, the interval is Student's over cluster means (Canay, Romano & Shaikh 2017, doi:10.3982/ECTA13081; Miller
2024, arXiv:2411.00640).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from persona_batch.comparing import sentences
from persona_batch.comparing.apart import why_unpaired
from persona_batch.comparing.comparison import EffectSize, Estimate, Interval, PlannedMeasure
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.layout import Layout, Pair
from persona_batch.comparing.measure import Findings, Measure, as_list
from persona_batch.comparing.p_values import MIN_SIGN_FLIP, Floats, rng_for, sign_flip
from persona_batch.comparing.planning import plan_difference

MIN_PERSONAS = 8  # from so many on a level of an attribute speaks for more than these


@dataclass(slots=True)
class PairedTest:
    """One metric of one pair. `arm` and `reference` hold a value per stratum of the pair (NaN: none).

    With `by_question` they hold a value per question. `replies` are the values of single replies, parallel to the
    layout's rows; `by_persona` the differences of each persona of a level, where they do not follow from those.
    `p` and `test` replace the sign-flip where a measure has a better test; `not_estimable` says why neither the
    difference nor a test means anything.
    """

    pair: Pair
    metric: str
    unit: str
    arm: Floats
    reference: Floats
    effect_size: EffectSize | None = None
    arm_interval: Interval | None = None
    reference_interval: Interval | None = None
    p: float | None = None
    test: str | None = None
    by_question: bool = False
    replies: Floats | None = None
    by_persona: Floats | None = None
    not_estimable: str | None = None


def paired(measure: Measure, tests: Sequence[PairedTest]) -> Findings:
    """Return an estimate per test; the flips are drawn once for all."""
    if not tests:
        return Findings()
    layout, study = measure.layout, measure.study
    arms, references = [], []
    for test in tests:
        both = np.isfinite(test.arm) & np.isfinite(test.reference)
        sides = (np.where(both, side, np.nan) for side in (test.arm, test.reference))
        arm, reference = sides if test.by_question else (layout.by_question(test.pair, side) for side in sides)
        arms.append(arm)
        references.append(reference)
    differences = np.stack(arms, axis=1) - np.stack(references, axis=1)
    means = layout.by_cluster(differences)
    flipped = means
    if layout.clustered:
        count = np.zeros_like(means)
        np.add.at(count, layout.cluster, np.isfinite(differences))
        flipped = means * count
    p, exact = sign_flip(flipped, study.permutations, rng_for(study.seed, measure.name))
    unit = "cluster" if layout.clustered else "question"
    told = [f"sign-flip by {unit}, exact" if listed else f"sign-flip by {unit}" for listed in exact]
    rows = zip(tests, arms, references, means.T, p.tolist(), told, strict=True)
    estimates = [_estimate(measure, *row) for row in rows]
    return Findings(estimates, plan=list(_planned(layout, tests, estimates, study.power)))


def _planned(
    layout: Layout, tests: Sequence[PairedTest], estimates: Sequence[Estimate], power: float | None
) -> Iterator[PlannedMeasure]:
    """Yield what it takes to see the differences, where that is asked for and there is a value per reply."""
    for test, row in zip(tests, estimates, strict=True):
        if power is not None and test.replies is not None and row.value is not None:
            planned = plan_difference(layout, test.pair, row, test.replies, power)
            if planned is not None:
                yield planned


def _estimate(
    measure: Measure, test: PairedTest, arm: Floats, reference: Floats, units: Floats, flip_p: float, flip: str
) -> Estimate:
    layout = measure.layout
    differences = arm - reference
    questions, clusters = int(np.isfinite(differences).sum()), int(np.isfinite(units).sum())
    p, method = (None if np.isnan(flip_p) else flip_p, flip) if test.test is None else (test.p, test.test)
    name = "cluster" if layout.clustered else "question"
    reason = (
        too_few(clusters, name)
        if questions
        else sentences.NOT_BOTH
        if test.pair.questions
        else why_unpaired(layout, test.pair)
    )
    if test.not_estimable is not None:
        p, reason = None, test.not_estimable
    value, arm_value, reference_value = (
        float(np.nanmean(values)) if questions else None
        for values in (units, layout.by_cluster(arm), layout.by_cluster(reference))
    )
    interval = t_interval(units, by="cluster" if layout.clustered else "question")
    by_persona = test.by_persona
    if by_persona is None and test.replies is not None:
        by_persona = layout.by_persona(test.pair, test.replies)
    personas = 0 if by_persona is None else len(by_persona)
    if p is not None and interval is not None and by_persona is not None and personas >= MIN_PERSONAS:
        p, method, interval = _over_personas(measure, by_persona, p, f"{method}, and by persona", interval)
    effect = test.effect_size or standardised(units)
    if test.not_estimable is not None:  # a number would be read all the same
        value = interval = effect = None
    return replace(
        measure.row(test.pair, test.metric, test.unit),
        value=value,
        arm_value=arm_value,
        reference_value=reference_value,
        interval=interval,
        arm_interval=test.arm_interval,
        reference_interval=test.reference_interval,
        effect_size=effect,
        test=None if p is None else method,
        p=p,
        questions=questions,
        clusters=clusters if layout.clustered else None,
        personas=personas if personas >= MIN_PERSONAS else None,
        not_estimable=reason if p is None else None,
        differences=as_list(differences),
        arm_values=as_list(arm),
        reference_values=as_list(reference),
    )


def _over_personas(
    measure: Measure, differences: Floats, p: float, test: str, interval: Interval
) -> tuple[float, str, Interval]:
    """Let a level's difference stand over its personas as well as over questions: the larger p, the wider interval."""
    study = measure.study
    (by_persona,), _ = sign_flip(
        differences[:, None], study.permutations, rng_for(study.seed, measure.name, "personas")
    )
    other = t_interval(differences, by="persona")
    if other is not None and other.high - other.low > interval.high - interval.low:
        interval = other
    return max(p, float(by_persona)), test, interval


def too_few(units: int, name: str = "question") -> str:
    """Say why there is no sign-flip p."""
    return sentences.TOO_FEW.format(units=sentences.units(units, name), least=MIN_SIGN_FLIP)


def standardised(differences: Floats) -> EffectSize | None:
    """Return the mean difference over its standard deviation by question (Cohen's d of paired differences)."""
    present = differences[np.isfinite(differences)]
    if len(present) < 2:
        return None
    spread = float(present.std(ddof=1))
    if spread <= 1e-12 * max(1.0, float(np.abs(present).max())):
        return EffectSize("d by question", 0.0) if not present.any() else None
    return EffectSize("d by question", float(present.mean()) / spread)
