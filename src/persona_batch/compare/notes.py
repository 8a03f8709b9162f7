"""Sentences that belong under a comparison: what was lost, and what cannot be told."""

from collections.abc import Sequence

import msgspec
import numpy as np

from persona_batch.compare.comparison import Arm
from persona_batch.compare.layout import Layout


def notes_on(layout: Layout, arms: Sequence[Arm], word_note: str | None) -> list[str]:
    """Return the notes, the gravest first."""
    notes = []
    if not layout.pairs:
        notes.append(_no_reference(layout))
    notes.extend(_other_parameters(layout))
    lost = [arm for arm in arms if arm.errors or arm.empty or arm.filtered or arm.missing]
    if lost:
        total = sum(arm.errors + arm.empty + arm.filtered + arm.missing for arm in lost)
        notes.append(f"{total:,} cells without a reply were left out: " + "; ".join(_losses(arm) for arm in lost[:8]))
    cut = sum(arm.truncated for arm in arms)
    if cut:
        total = sum(arm.records for arm in arms)
        notes.append(f"{cut:,} of {total:,} replies were cut at the token limit: their lengths and endings say little.")
    same = sum(arm.duplicates for arm in arms)
    if same:
        notes.append(f"{same:,} samples were byte-identical to another of their cell and count once.")
    unpaired = [arm for arm in arms if arm.unpaired]
    if unpaired:
        listed = ", ".join(f"{arm.name} ({arm.unpaired:,})" for arm in unpaired[:8])
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


def _other_parameters(layout: Layout) -> list[str]:
    """Say which arms were asked with other request parameters than their reference: the effect may be theirs."""
    corpus, arms = layout.corpus, layout.assignment.arm
    asked: list[set[bytes]] = []
    for number in range(len(layout.arms)):
        mine = arms == number
        who = {*zip(corpus.columns["run"][mine].tolist(), corpus.columns["persona"][mine].tolist(), strict=True)}
        asked.append({text for run, persona in who for text in corpus.params[run, corpus.names["persona"][persona]]})
    unlike: dict[str, list[str]] = {}
    for arm, reference in layout.assignment.references.items():
        names = _differing(asked[arm], asked[reference])
        if names:
            unlike.setdefault(f"{layout.arms[reference]} ({names})", []).append(layout.arms[arm])
    return [
        f"Asked with other parameters than {reference}: {', '.join(named[:6])}{' …' if len(named) > 6 else ''}: "
        "a difference may come from them rather than from the prompt."
        for reference, named in unlike.items()
    ]


def _differing(one: set[bytes], other: set[bytes]) -> str:
    """Return the names of the parameters that two sets of requests do not share, comma-separated."""
    if one == other:
        return ""
    seen: dict[str, list[set[bytes]]] = {}
    for side, texts in enumerate((one, other)):
        for text in texts:
            for name, value in msgspec.json.decode(text, type=dict[str, msgspec.Raw]).items():
                seen.setdefault(name, [set(), set()])[side].add(bytes(value))
    return ", ".join(sorted(name for name, (mine, theirs) in seen.items() if mine != theirs))


def _losses(arm: Arm) -> str:
    parts = [("failed", arm.errors), ("empty", arm.empty), ("filtered", arm.filtered), ("missing", arm.missing)]
    return f"{arm.name} " + ", ".join(f"{count:,} {name}" for name, count in parts if count)
