"""Advice: what is lacking for the claims made here, and only that."""

from collections.abc import Iterator, Sequence

from persona_batch.comparing import sentences
from persona_batch.comparing.comparison import Advice, Claim
from persona_batch.comparing.layout import Layout

QUESTIONS, SAMPLES = 20, 5
"""From so many on middling effects show: 20 questions with 5 samples see half a standard deviation in .83."""


def advise(layout: Layout, claims: Sequence[Claim]) -> list[Advice]:
    """Return the advice for a comparison; empty where nothing is lacking, or everything stands out all the same.

    Args:
        layout: the comparison.
        claims: what is claimed in it.
    """
    measured = [claim for claim in claims if claim.control is not None and claim.why_not != sentences.NOT_MEASURED]
    weak = {claim.arm for claim in measured if not claim.holds}
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
        return [Advice(sentences.PLAN_SMALLER, False)]
    told = lacking[0] if len(lacking) == 1 else sentences.BOTH_FEW.format(one=lacking[0], other=lacking[1])
    return [Advice(sentences.ONLY_LARGE.format(lacking=told), underpowered=True)]


def _lacking(units: dict[str, int], samples: dict[str, int], unit: str) -> Iterator[str]:
    few = min(units, key=lambda name: (units[name], name))
    if units[few] < QUESTIONS:
        yield sentences.FEW_UNITS.format(arm=few, units=sentences.units(units[few], unit), least=QUESTIONS)
    thin = min(samples, key=lambda name: (samples[name], name), default=None)
    if thin is not None and samples[thin] < SAMPLES:
        told = sentences.units(samples[thin], "sample")
        yield sentences.FEW_SAMPLES.format(arm=thin, samples=told, least=SAMPLES)
