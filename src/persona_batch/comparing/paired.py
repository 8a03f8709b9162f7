"""Arm minus reference, one value per question: t-interval and sign-flip. Most measures end here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from persona_batch.comparing.comparison import EffectSize, Estimate, Interval
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import Findings, Measure, as_list
from persona_batch.comparing.p_values import MIN_SIGN_FLIP, Floats, rng_for, sign_flip


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


def paired(measure: Measure, tests: Sequence[PairedTest]) -> Findings:
    """Return an estimate per test; the flips are drawn once for all."""
    if not tests:
        return Findings()
    arms, references = [], []
    for test in tests:
        both = np.isfinite(test.arm) & np.isfinite(test.reference)
        arms.append(measure.layout.by_question(test.pair, np.where(both, test.arm, np.nan)))
        references.append(measure.layout.by_question(test.pair, np.where(both, test.reference, np.nan)))
    differences = np.stack(arms, axis=1) - np.stack(references, axis=1)
    study = measure.study
    p, exact = sign_flip(differences, study.permutations, rng_for(study.seed, measure.name))
    flipped = ["sign-flip by question, exact" if listed else "sign-flip by question" for listed in exact]
    rows = zip(tests, arms, references, p.tolist(), flipped, strict=True)
    return Findings([_estimate(measure, *row) for row in rows])


def _estimate(measure: Measure, test: PairedTest, arm: Floats, reference: Floats, flip_p: float, flip: str) -> Estimate:
    differences = arm - reference
    questions = int(np.isfinite(differences).sum())
    p, method = (None if np.isnan(flip_p) else flip_p, flip) if test.test is None else (test.p, test.test)
    reason = too_few(questions) if questions else "no question was answered on both sides"
    value, arm_value, reference_value = (
        float(np.nanmean(values)) if questions else None for values in (differences, arm, reference)
    )
    return replace(
        measure.row(test.pair, test.metric, test.unit),
        value=value,
        arm_value=arm_value,
        reference_value=reference_value,
        interval=t_interval(differences),
        arm_interval=test.arm_interval,
        reference_interval=test.reference_interval,
        effect_size=test.effect_size or standardised(differences),
        test=None if p is None else method,
        p=p,
        questions=questions,
        not_estimable=reason if p is None else None,
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
