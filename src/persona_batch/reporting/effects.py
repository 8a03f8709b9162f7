"""What a comparison says of conditions and questions: effects for the heads of columns, distances to sort rows by."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from persona_batch.comparing.comparison import Comparison, Estimate
from persona_batch.reporting.data import Effect, Told
from persona_batch.reporting.naming import Who
from persona_batch.verdict.claimed import claim_sentence, yardstick_moves, yardstick_sentence
from persona_batch.verdict.translation import Language

_DISTANCES = ("change", "told_apart")  # the first measure that has a value for a question says how far it is


def effects_by_arm(comparison: Comparison, languages: Sequence[Language], order: Sequence[Who]) -> dict[str, Effect]:
    """Return the effect of each arm that a claim is made about, and of placebos, which are yardsticks by themselves.

    Args:
        comparison: what says it.
        languages: of the sentences.
        order: all conditions; an effect knows how many of them are its arm's.
    """
    sizes = Counter(arm_of(who, comparison) for who in order)
    found = {}
    for claim in comparison.claims:
        if claim.control is not None:
            told = [claim_sentence(comparison, claim, language) for language in languages]
            found[claim.arm] = _effect(comparison, claim.arm, sizes[claim.arm], claim.holds, told)
    for arm in comparison.arms:
        if arm.role == "placebo" and arm.name not in found:
            said = [yardstick_sentence(comparison, arm, language) for language in languages]
            told = [sentence for sentence in said if sentence is not None]
            if told:
                found[arm.name] = _effect(comparison, arm.name, sizes[arm.name], yardstick_moves(comparison, arm), told)
    return found


def _effect(comparison: Comparison, arm: str, conditions: int, holds: bool | None, told: Sequence[str]) -> Effect:
    row = comparison.find("told_apart", arm)
    interval = None if row is None else row.interval
    return Effect(
        conditions=conditions,
        told=None if row is None else row.value,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        holds=holds,
        sentence=Told(*told),
    )


def arm_of(who: Who, comparison: Comparison) -> str:
    """Return the arm of a comparison that a condition belongs to."""
    earlier = comparison.settings.by == "run" and who.run == 0
    return f"{who.persona} (before)" if earlier else who.persona


def control_of(who: Who, order: Sequence[Who], control: str | None, *, between_runs: bool) -> int | None:
    """Return the index of the condition that another is compared with: that of its control, all else equal.

    Between two runs it is the same condition of the earlier.

    Args:
        who: the condition.
        order: all of them.
        control: the persona that is its control.
        between_runs: whether two runs are compared.
    """
    if between_runs:
        same = [place for place, other in enumerate(order) if other.run == 0 and other._replace(run=who.run) == who]
        return same[0] if same and who.run else None
    if control is None or control == who.persona:
        return None
    context = (who.run, who.model, who.speaker, who.factors)
    same = [
        place
        for place, other in enumerate(order)
        if other.persona == control and (other.run, other.model, other.speaker, other.factors) == context
    ]
    alike = [place for place in same if order[place].placement == who.placement]
    return next(iter(alike or same), None)


def differences(comparison: Comparison) -> dict[str, float]:
    """Return by question how far the arms that claims are made about lie from their controls, on average.

    By `change` that is the coefficient of inhomogeneity, with one sample a cell the share told right beyond chance.
    """
    claimed = {claim.arm: claim.control for claim in comparison.claims}
    found: dict[str, float] = {}
    for measure in _DISTANCES:
        rows = [row for row in comparison.estimates if row.measure == measure and claimed.get(row.arm) == row.reference]
        for question, values in _by_question(comparison, rows).items():
            found.setdefault(question, float(np.mean(values)))
        if found:  # two measures would not sort together
            break
    return found


def _by_question(comparison: Comparison, rows: Sequence[Estimate]) -> dict[str, list[float]]:
    held: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for question, value in zip(comparison.questions, row.differences, strict=bool(row.differences)):
            if value is not None:
                held[question].append(value)
    return held
