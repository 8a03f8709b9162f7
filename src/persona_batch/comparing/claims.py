"""The claim: an arm's replies differ from its control's *and* from its placebo's, more than asking again does.

Both halves are tested; the larger p counts (intersection-union test, Berger 1982, doi:10.1080/00401706.1982.10487790,
no correction between the two), and Holm's correction (1979) runs over the arms. "Significant against the control, the
placebo not" is no test: with equal effects it shows in .24.
"""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from persona_batch.comparing import sentences
from persona_batch.comparing.comparison import LEVEL, Claim, Estimate, Half
from persona_batch.comparing.layout import Layout
from persona_batch.comparing.p_values import holm


def claims_of(layout: Layout, estimates: Sequence[Estimate]) -> list[Claim]:
    """Return a claim for every arm that is no yardstick, those that cannot be tested included.

    Args:
        layout: the comparison.
        estimates: its rows; those of `change` carry the p-values.
    """
    rows = {(row.arm, row.reference): row for row in estimates if row.measure == "change"}
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


def _claim(claim: Claim, rows: dict[tuple[str, str | None], Estimate]) -> Claim:
    if claim.control is None:
        return replace(claim, why_not=sentences.NO_CONTROL)
    row = rows.get((claim.arm, claim.control))
    if row is None or row.p is None:
        return replace(claim, why_not=sentences.NOT_MEASURED if row is None else row.not_estimable)
    if claim.placebo is None:
        return replace(claim, p_control=row.p, p=row.p, failed="control" if row.p > LEVEL else None)
    other = rows.get((claim.arm, claim.placebo))
    if other is None or other.p is None:
        reason = None if other is None else other.not_estimable
        return replace(claim, p_control=row.p, why_not=sentences.AGAINST.format(other=claim.placebo, reason=reason))
    return replace(claim, p_control=row.p, p_placebo=other.p, p=max(row.p, other.p), failed=_failed(row.p, other.p))


def _failed(control: float, placebo: float) -> Half | None:
    """Return the half that does not stand by itself."""
    if control > LEVEL:
        return "both" if placebo > LEVEL else "control"
    return "placebo" if placebo > LEVEL else None
