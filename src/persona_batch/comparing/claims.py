"""The claim: an arm's replies differ from its control's *and* from its placebo's, more than asking again does.

Both halves are tested; the larger p counts (intersection-union test, Berger 1982, doi:10.1080/00401706.1982.10487790,
no correction between the two), and Holm's correction (1979) runs over the arms. "Significant against the control, the
placebo not" is no test: with equal effects it shows in .24.

Where a pair has few replies each half has two tests: `change` sees what is each question's own, the shared shift of
`told_apart` what questions share. Twice the smaller p counts (Bonferroni).
"""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from persona_batch.comparing import sentences
from persona_batch.comparing.comparison import LEVEL, SHARED, Claim, Estimate, Half
from persona_batch.comparing.layout import Layout
from persona_batch.comparing.p_values import holm


def claims_of(layout: Layout, estimates: Sequence[Estimate]) -> list[Claim]:
    """Return a claim for every arm that is no yardstick, those that cannot be tested included.

    Args:
        layout: the comparison.
        estimates: its rows; those of `change` and of the shared shift carry the p-values.
    """
    rows = {
        (row.measure, row.arm, row.reference): row
        for row in estimates
        if row.measure == "change" or row.metric == SHARED
    }
    assignment, found = layout.assignment, []
    for number, (name, role) in enumerate(zip(layout.arms, layout.roles, strict=True)):
        if role in {"control", "placebo"} or (role == "level" and number not in assignment.references):
            continue
        control, placebo = (
            None if other is None else layout.arms[other]
            for other in (assignment.references.get(number), assignment.placebos.get(number))
        )
        found.append(_claim(Claim(arm=name, control=control, placebo=placebo), rows))
    p = holm(np.array([np.nan if claim.p is None else claim.p for claim in found], dtype=np.float64))
    return [
        claim if claim.p is None else replace(claim, p_holm=float(adjusted), holds=bool(adjusted <= LEVEL))
        for claim, adjusted in zip(found, p, strict=True)
    ]


def half(change: Estimate, shared: Estimate | None) -> float | None:
    """Return the p of one half: of change, and of the shared shift where that was tested."""
    if change.p is None or shared is None or shared.p is None:
        return change.p
    return min(1.0, 2.0 * min(change.p, shared.p))


def _claim(claim: Claim, rows: dict[tuple[str, str, str | None], Estimate]) -> Claim:
    def p_against(other: str) -> tuple[float | None, str]:
        row = rows.get(("change", claim.arm, other))
        if row is None:
            return None, sentences.NOT_MEASURED
        return half(row, rows.get(("told_apart", claim.arm, other))), row.not_estimable or ""

    if claim.control is None:
        return replace(claim, why_not=sentences.NO_CONTROL)
    control, reason = p_against(claim.control)
    if control is None:
        return replace(claim, why_not=reason)
    if claim.placebo is None:
        return replace(claim, p_control=control, p=control, failed="control" if control > LEVEL else None)
    placebo, reason = p_against(claim.placebo)
    if placebo is None:
        return replace(claim, p_control=control, why_not=sentences.AGAINST.format(other=claim.placebo, reason=reason))
    return replace(
        claim,
        p_control=control,
        p_placebo=placebo,
        p=max(control, placebo),
        failed=_failed(control, placebo),
    )


def _failed(control: float, placebo: float) -> Half | None:
    """Return the half that does not stand by itself."""
    if control > LEVEL:
        return "both" if placebo > LEVEL else "control"
    return "placebo" if placebo > LEVEL else None
