"""Arm minus reference, one value per question: t-interval and sign-flip. Most measures end here."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from persona_batch.comparing.comparison import EffectSize, Estimate, Interval, MeasureName
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measures.base import Study, as_list, or_none, pair_names
from persona_batch.comparing.permutation import MIN_SIGN_FLIP, Floats, rng_for, sign_flip


@dataclass(slots=True)
class PairedTest:
    """One metric of one pair. `arm` and `reference` hold a value per stratum of the pair (NaN: none).

    `p` and `test` replace the sign-flip where a measure has a better test.
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
    notes: list[str] = field(default_factory=list)


def paired_estimates(study: Study, measure: MeasureName, tests: Sequence[PairedTest]) -> list[Estimate]:
    """Return an estimate per test; the flips are drawn once for all."""
    layout = study.layout
    if not tests:
        return []
    arms, references = [], []
    for test in tests:
        both = np.isfinite(test.arm) & np.isfinite(test.reference)
        arms.append(layout.by_question(test.pair, np.where(both, test.arm, np.nan)))
        references.append(layout.by_question(test.pair, np.where(both, test.reference, np.nan)))
    arm_values, reference_values = np.stack(arms, axis=1), np.stack(references, axis=1)
    differences = arm_values - reference_values
    p, exact = sign_flip(differences, study.permutations, rng_for(study.seed, measure))
    return [
        _estimate(study, measure, test, arm_values[:, place], reference_values[:, place], p[place], exact[place])
        for place, test in enumerate(tests)
    ]


def _estimate(
    study: Study, measure: MeasureName, test: PairedTest, arm: Floats, reference: Floats, p: float, exact: bool
) -> Estimate:
    differences = arm - reference
    questions = int(np.isfinite(differences).sum())
    arm_name, reference_name = pair_names(study.layout, test.pair)
    samples, reference_samples = study.layout.samples(test.pair)
    found, reason = or_none(p), None
    method = "sign-flip by question, exact" if exact else "sign-flip by question"
    if test.test is not None:
        found, method = test.p, test.test
    if found is None:
        reason = "no question was answered on both sides" if not questions else too_few(questions)
    return Estimate(
        measure=measure,
        metric=test.metric,
        arm=arm_name,
        reference=reference_name,
        unit=test.unit,
        value=float(np.nanmean(differences)) if questions else None,
        arm_value=float(np.nanmean(arm)) if questions else None,
        reference_value=float(np.nanmean(reference)) if questions else None,
        interval=t_interval(differences),
        arm_interval=test.arm_interval,
        reference_interval=test.reference_interval,
        effect_size=test.effect_size or standardised(differences),
        test=method if found is not None else None,
        p=found,
        questions=questions,
        samples=samples,
        reference_samples=reference_samples,
        not_estimable=reason,
        differences=as_list(differences),
        arm_values=as_list(arm),
        reference_values=as_list(reference),
    )


def too_few(units: int, name: str = "questions") -> str:
    """Say why there is no sign-flip p."""
    return f"{units} {name}; the sign-flip test needs {MIN_SIGN_FLIP}"


def standardised(differences: Floats) -> EffectSize | None:
    """Return the mean difference over its standard deviation by question (Cohen's d of paired differences)."""
    present = differences[np.isfinite(differences)]
    if len(present) < 2:
        return None
    spread = float(present.std(ddof=1))
    if spread <= 1e-12 * max(1.0, float(np.abs(present).max())):
        return EffectSize("d by question", 0.0) if not present.any() else None
    return EffectSize("d by question", float(present.mean()) / spread)
