"""Sentences that belong under a comparison: what was lost, what cannot be told, and what is lacking for more."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing import sentences
from persona_batch.comparing.apart import same_but_for_spaces
from persona_batch.comparing.comparison import Advice, Arm, Claim
from persona_batch.comparing.corpus import LONGEST
from persona_batch.comparing.layout import Layout
from persona_batch.comparing.paired import MIN_PERSONAS
from persona_batch.comparing.ways import other_ways
from persona_batch.wording import listed

_SHORT, _LONG = 600.0, 3600.0  # seconds: between the last call of an arm and the first of another; between paired calls
QUESTIONS, SAMPLES = 20, 5
"""From so many on middling effects show: 20 questions with 5 samples see half a standard deviation in .83."""


def notes_on(layout: Layout, arms: Sequence[Arm], *, ragged: bool = False) -> list[str]:
    """Return the notes, the gravest first; `ragged`: nothing says that all arms were to be asked the same."""
    notes = []
    if not layout.pairs:
        notes.append(_no_reference(layout))
    notes.extend(_of_levels(layout))
    notes.extend(_other_parameters(layout))
    notes.extend(_other_times(layout))
    notes.extend(other_ways(layout))
    lost = [arm for arm in arms if arm.errors or arm.empty or arm.filtered or arm.missing]
    if lost:
        total = sum(arm.errors + arm.empty + arm.filtered + arm.missing for arm in lost)
        notes.append(sentences.LEFT_OUT.format(n=f"{total:,}", arms="; ".join(_losses(arm) for arm in lost[:8])))
    cut = sum(arm.truncated for arm in arms)
    if cut:
        total = sum(arm.records for arm in arms)
        notes.append(sentences.SOME_CUT.format(n=f"{cut:,}", total=f"{total:,}"))
    if layout.corpus.cut:
        notes.append(sentences.TOO_LONG.format(n=f"{layout.corpus.cut:,}", most=f"{LONGEST:,}"))
    notes.extend(layout.copies)
    if not all(pair.own.all() for pair in layout.pairs):
        notes.append(sentences.LEVELS_SHARE)
    if ragged:
        notes.extend(_not_asked(layout, arms))
    unpaired = [arm for arm in arms if arm.unpaired]
    if unpaired:
        named = ", ".join(sentences.OF_ARM.format(arm=arm.name, counts=f"{arm.unpaired:,}") for arm in unpaired[:8])
        notes.append(sentences.UNPAIRED.format(arms=named))
    notes.extend(same_but_for_spaces(layout))
    roles = {arm.role for arm in arms}
    if layout.pairs and "persona" in roles and "placebo" not in roles:
        notes.append(sentences.NO_PLACEBO)
    return notes


def _not_asked(layout: Layout, arms: Sequence[Arm]) -> Iterator[str]:
    """Say which arms lack questions altogether."""
    total = layout.question_count
    lacking = [arm for arm in arms if arm.questions < total]
    if lacking:
        named = [sentences.OF_ARM.format(arm=arm.name, counts=f"{total - arm.questions:,}") for arm in lacking[:8]]
        yield sentences.NOT_ASKED.format(n=f"{total:,}", arms=", ".join(named))


def _no_reference(layout: Layout) -> str:
    if layout.assignment.references or not len(layout.rows):
        return sentences.NO_PAIRS
    names = np.unique(layout.group_arm)
    imported = layout.corpus.imported  # cannot be run again
    if len(names) < 2:
        return sentences.ONE_ARM_IMPORTED if imported else sentences.ONE_ARM
    return sentences.NO_CONTROL_IMPORTED if imported else sentences.NO_CONTROL_AT_ALL


def _of_levels(layout: Layout) -> Iterator[str]:
    """Say for which personas a level of an attribute stands."""
    attribute = layout.assignment.attribute
    if attribute is None:
        return
    members = {
        layout.arms[arm]: len(np.unique(layout.corpus.columns["persona"][layout.assignment.arm == arm]))
        for arm in layout.assignment.references
        if layout.roles[arm] == "persona"
    }
    few = [f"{name} ({sentences.units(count, 'persona')})" for name, count in members.items() if count < MIN_PERSONAS]
    if few:
        least = sentences.units(MIN_PERSONAS, "persona")
        yield sentences.ONLY_THESE.format(levels=listed(few), attribute=attribute, least=least)
    if len(few) < len(members):
        yield sentences.FOR_MORE.format(least=MIN_PERSONAS)


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
        sentences.OTHER_PARAMS.format(reference=reference, arms=", ".join(named[:6]) + (" …" if len(named) > 6 else ""))
        for reference, named in unlike.items()
    ]


def _other_times(layout: Layout) -> list[str]:
    """Say which arms were asked at other times than their reference: an endpoint is not the same every day.

    Calls are interleaved, so that what drifts drifts for all arms alike (docs/statistics.md). It is not so where an
    arm was edited, or added, after the others had been asked, or where another tool asked one arm after the other.
    Minutes are nothing: what drifts (the load, a new model behind the name) takes longer.
    """
    if len(layout.corpus.runs) > 1:
        return []  # the times are what is compared
    apart: dict[str, list[str]] = {}
    for arm, reference in layout.assignment.references.items():
        mine, theirs = (_moments(layout, number) for number in (arm, reference))
        if _are_apart(mine, theirs) or _median_lag(layout, arm, reference) > _LONG:
            when = f"{layout.arms[reference]} ({_spell(theirs)})"
            apart.setdefault(when, []).append(f"{layout.arms[arm]} ({_spell(mine)})")
    return [sentences.OTHER_TIMES.format(reference=reference, arms=listed(named)) for reference, named in apart.items()]


def _moments(layout: Layout, arm: int) -> NDArray[np.float64]:
    asked_at = layout.corpus.asked_at
    mine: NDArray[np.float64] = asked_at[(layout.assignment.arm == arm) & np.isfinite(asked_at)]
    return mine


def _are_apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether one arm was asked well after the other was done."""
    if not len(one) or not len(other):
        return False
    return bool(max(one.min() - other.max(), other.min() - one.max()) > _SHORT)


def _median_lag(layout: Layout, arm: int, reference: int) -> float:
    """Return the median seconds between the calls of two arms for the same question, model and sample."""
    columns, asked_at = layout.corpus.columns, layout.corpus.asked_at
    sides = [columns["question"], columns["model"], columns["speaker"], columns["factors"], columns["sample"]]
    cells = np.stack(sides, axis=1)
    when: list[dict[tuple[int, ...], float]] = []
    for number in (arm, reference):
        mine = (layout.assignment.arm == number) & np.isfinite(asked_at)
        when.append(dict(zip(map(tuple, cells[mine].tolist()), asked_at[mine].tolist(), strict=True)))
    lags = [abs(when[0][cell] - when[1][cell]) for cell in when[0].keys() & when[1].keys()]
    return float(np.median(lags)) if lags else 0.0


def _spell(moments: NDArray[np.float64]) -> str:
    """Return the local days of some moments, with the time where it is one day only."""
    if not len(moments):
        return "never"
    first, last = (datetime.fromtimestamp(moment, UTC).astimezone() for moment in (moments.min(), moments.max()))
    if first.date() != last.date():
        return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    if (first.hour, first.minute) != (last.hour, last.minute):
        return f"{first:%Y-%m-%d %H:%M} to {last:%H:%M}"
    return f"{first:%Y-%m-%d %H:%M}"


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
    parts = {
        sentences.FAILED: arm.errors,
        sentences.EMPTY: arm.empty,
        sentences.FILTERED: arm.filtered,
        sentences.MISSING: arm.missing,
    }
    counts = ", ".join(text.format(n=f"{count:,}") for text, count in parts.items() if count)
    return sentences.OF_ARM.format(arm=arm.name, counts=counts)


def advise(layout: Layout, claims: Sequence[Claim]) -> list[Advice]:
    """Return the advice for a comparison; empty where nothing is lacking, or everything stands out all the same.

    Args:
        layout: the comparison.
        claims: what is claimed in it.
    """
    measured = [claim for claim in claims if claim.control is not None and claim.why_not != sentences.NOT_MEASURED]
    weak = {claim.arm for claim in measured if not claim.holds}
    pairs = {layout.arms[pair.arm]: pair for pair in layout.pairs if layout.arms[pair.arm] in weak and pair.questions}
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
