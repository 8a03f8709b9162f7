"""Advice: what is lacking for the claims made here, and only that."""

from collections.abc import Iterator, Sequence

from persona_batch.comparing.comparison import Advice, Claim
from persona_batch.comparing.layout import Layout
from persona_batch.wording import counted

QUESTIONS, SAMPLES = 20, 5
"""From so many on middling effects show: 20 questions with 5 samples see half a standard deviation in .83."""


def advise(layout: Layout, claims: Sequence[Claim]) -> list[Advice]:
    """Return the advice for a comparison; empty where nothing is lacking, or everything stands out all the same.

    Args:
        layout: the comparison.
        claims: what is claimed in it.
    """
    weak = {claim.arm for claim in claims if not claim.holds and claim.control is not None}
    pairs = {layout.arms[pair.arm]: pair for pair in layout.pairs if layout.arms[pair.arm] in weak}
    if not pairs:
        return []
    size = layout.end - layout.start
    units = {name: len(set(layout.cluster[pair.question].tolist())) for name, pair in pairs.items()}
    samples = {
        name: min(
            (int(size[groups].min()) for groups in (pair.arm_group, pair.reference_group) if len(groups)), default=0
        )
        for name, pair in pairs.items()
    }
    lacking = list(_lacking(units, samples, "cluster" if layout.clustered else "question"))
    if not lacking:
        return [Advice("`batch compare --plan` says how many questions and samples a smaller effect takes.", False)]
    remedy = "More questions help more than more samples; `batch compare --plan` says how many."
    return [Advice(f"Only large effects can show here: {'; '.join(lacking)}. {remedy}", underpowered=True)]


def _lacking(units: dict[str, int], samples: dict[str, int], unit: str) -> Iterator[str]:
    few = min(units, key=lambda name: (units[name], name))
    if units[few] < QUESTIONS:
        yield f"{few} has {counted(units[few], unit)} ({QUESTIONS} are better)"
    thin = min(samples, key=lambda name: (samples[name], name), default=None)
    if thin is not None and samples[thin] < SAMPLES:
        yield f"{thin} has {counted(samples[thin], 'sample')} a side in its thinnest question ({SAMPLES} are better)"
