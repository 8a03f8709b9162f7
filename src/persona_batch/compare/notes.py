"""Sentences that belong under a comparison: what was lost, and what cannot be told."""

from collections.abc import Sequence

import numpy as np

from persona_batch.compare.comparison import Arm
from persona_batch.compare.layout import Layout


def notes_on(layout: Layout, arms: Sequence[Arm], word_note: str | None) -> list[str]:
    """Return the notes, the gravest first."""
    notes = []
    if not layout.pairs:
        notes.append(_no_reference(layout))
    lost = [arm for arm in arms if arm.errors or arm.empty or arm.filtered or arm.missing]
    if lost:
        total = sum(arm.errors + arm.empty + arm.filtered + arm.missing for arm in lost)
        notes.append(f"{total} cells without a reply were left out: " + "; ".join(_losses(arm) for arm in lost[:8]))
    cut = sum(arm.truncated for arm in arms)
    if cut:
        total = sum(arm.records for arm in arms)
        notes.append(f"{cut} of {total} replies were cut at the token limit: their lengths and endings say little.")
    same = sum(arm.duplicates for arm in arms)
    if same:
        notes.append(f"{same} samples were byte-identical to another of their cell and count once.")
    unpaired = [arm for arm in arms if arm.unpaired]
    if unpaired:
        listed = ", ".join(f"{arm.name} ({arm.unpaired})" for arm in unpaired[:8])
        notes.append(f"Questions without a usable reply on both sides were left out: {listed}.")
    if layout.pairs and layout.assignment.references and not any(arm.role == "placebo" for arm in arms):
        notes.append("There is no placebo arm (`assistant`): how much a harmless prompt changes is not known.")
    if word_note:
        notes.append(word_note)
    return notes


def _no_reference(layout: Layout) -> str:
    if layout.assignment.references or not len(layout.rows):
        return "No arm has replies to the same questions as its reference: nothing can be tested."
    names = np.unique(layout.group_arm)
    if len(names) < 2:
        return "There is only one arm: nothing to compare it with. Run with a control, or name a second run."
    return "There is no control among the records: name one with --control, or run again with `controls: [none]`."


def _losses(arm: Arm) -> str:
    parts = [("failed", arm.errors), ("empty", arm.empty), ("filtered", arm.filtered), ("missing", arm.missing)]
    return f"{arm.name} " + ", ".join(f"{count} {name}" for name, count in parts if count)
