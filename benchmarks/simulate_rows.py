"""What is simulated: worlds, and what is read off a comparison of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from benchmarks.simulate_worlds import RECORDED, World, dialogues, recorded_world
from persona_batch.comparing import Comparison
from persona_batch.record import Record

LEVEL = 0.05
HALF = 0.5  # a true effect of d = .5: half a standard deviation of a single reply's length

Make = Callable[[np.random.Generator], list[Record]]
Read = Callable[[Comparison], float | None]


@dataclass(frozen=True, slots=True)
class Aim:
    """What is read off a comparison (1, 0, or None: not estimable), and what its mean should be.

    `kind`: `near` must lie around `expected`, `level` must not exceed it, `never` must not be estimable at all.
    """

    name: str
    read: Read
    kind: Literal["near", "level", "never"] = "near"
    expected: float = LEVEL
    tolerance: float = 0.007


@dataclass(frozen=True, slots=True)
class Row:
    """A world with its aims; `share` of the replicates are made (dear ones take fewer); `options` are compare's."""

    make: Make
    measures: tuple[str, ...] | None
    aims: tuple[Aim, ...]
    permutations: int = 999
    share: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)


def significant(measure: str, metric: str | None = None) -> Read:
    """Read whether the p of p0's row (or of the only row) is at most .05."""

    def read(comparison: Comparison) -> float | None:
        found = [row for row in comparison.estimates if row.measure == measure and metric in {None, row.metric}]
        found = [row for row in found if row.arm == "p0"] or found
        return None if not found or found[0].p is None else float(found[0].p <= LEVEL)

    return read


def covers(truth: float) -> Read:
    """Read whether the interval of the difference in length holds the truth."""

    def read(comparison: Comparison) -> float | None:
        row = comparison.find("shift", "p0", "length")
        if row is None or row.interval is None:
            return None
        return float(row.interval.low <= truth <= row.interval.high)

    return read


def any_claim(which: Literal["p", "p_holm", "p_bh"]) -> Read:
    """Read whether any row of the table is at most .05."""

    def read(comparison: Comparison) -> float | None:
        found = [getattr(row, which) for row in comparison.estimates]
        return float(any(p is not None and p <= LEVEL for p in found))

    return read


def rows() -> list[Row]:
    """Return all worlds, those of the recorded replies only where the file is."""
    return [*_lengths(), *_changes(), *_others(), *_families(), *_coverage(), *_power(), *_recorded()]


def _lengths() -> list[Row]:
    worlds = {
        "sign-flip by question": World(tau=8.0),
        "sign-flip, skewed lengths": World(tau=8.0, skewed=True),
        "sign-flip, 40 questions, 2 samples": World(questions=40, samples=2, tau=8.0),
        "sign-flip, copied samples (a cache)": World(tau=8.0, distinct=1),
        "sign-flip, strong effects of the question": World(tau=25.0, question=80.0, base=300.0),
    }
    read = significant("shift", "length")
    return [Row(world.records, ("shift",), (Aim(name, read),)) for name, world in worlds.items()]


def _changes() -> list[Row]:
    worlds = {
        "change": World(questions=10, samples=4),
        "change, skewed lengths": World(questions=10, samples=4, skewed=True),
        "change, strong effects of the question": World(questions=10, samples=4, base=250.0, question=80.0),
    }
    read = significant("change")
    return [Row(world.records, ("change",), (Aim(name, read),)) for name, world in worlds.items()]


def _others() -> list[Row]:
    def drifting(rng: np.random.Generator) -> list[Record]:
        return dialogues(rng, 20, 4, 0.0)

    named = ("adherence", "character", "accuracy")
    discrete = tuple(Aim(name, significant(name), "level") for name in named)
    mcnemar = Aim("accuracy at one sample (McNemar)", significant("accuracy"), "level")
    identify = Aim("identifiability", significant("identifiability"), tolerance=0.012)
    words = Aim("distinctive words", significant("words"), tolerance=0.012)
    return [
        Row(World().records, named, discrete),
        Row(World(questions=40, samples=1).records, ("accuracy",), (mcnemar,)),
        Row(World(questions=8, samples=4, arms=3).records, ("identifiability",), (identify,), 199, 0.5),
        Row(World(questions=10, samples=4).records, ("words",), (words,), 199, 0.5),
        Row(drifting, ("drift",), (Aim("drift", significant("drift")),)),
    ]


def _families() -> list[Row]:
    world = World(questions=16, samples=2, arms=20, bad=0.5)
    measures = ("change", "shift", "adherence", "character", "accuracy")
    aims = (
        Aim("20 personas × 6 tests: any p uncorrected", any_claim("p"), expected=0.85, tolerance=0.1),
        Aim("20 personas: any change after Holm", any_claim("p_holm"), "level"),
        Aim("20 personas × 6 tests: any p after BH", any_claim("p_bh"), "level"),
    )
    return [Row(world.records, measures, aims, 9_999, 0.2)]


def _coverage() -> list[Row]:
    return [
        Row(
            World(questions=questions, tau=8.0, effect=effect, skewed=skewed).records,
            ("shift",),
            (Aim(f"95% interval holds the truth, {name}", covers(effect), expected=expected, tolerance=0.015),),
        )
        for name, questions, effect, skewed, expected in (
            ("skewed, 8 questions", 8, 0.0, True, 0.94),
            ("skewed, 10 questions", 10, 0.0, True, 0.94),
            ("10 questions", 10, 12.5, False, 0.95),
        )
    ]


def _power() -> list[Row]:
    found = []
    for questions, samples, expected in ((10, 5, 0.53), (20, 3, 0.62), (20, 5, 0.83), (50, 1, 0.64), (100, 1, 0.91)):
        world = World(questions=questions, samples=samples, effect=HALF * 25.0, tau=0.35 * 25.0)
        name = f"power, length by d = .5, {questions} questions × {samples}"
        read = significant("shift", "length")
        found.append(Row(world.records, ("shift",), (Aim(name, read, expected=expected, tolerance=0.04),)))
    habit = World(questions=10, samples=4, habit=0.12)
    for measure in ("change", "words"):
        aim = Aim(
            f"power of {measure}, 12 % of the words are another's", significant(measure), expected=0.9, tolerance=0.2
        )
        found.append(Row(habit.records, (measure,), (aim,), 199, 0.2))
    return found


def _recorded() -> list[Row]:
    if not RECORDED.is_file():
        return []

    def four(rng: np.random.Generator) -> list[Record]:
        return recorded_world(rng, 12, 4)

    return [
        Row(four, ("change",), (Aim("change, real replies of one arm split in two", significant("change")),)),
        Row(four, ("shift",), (Aim("length, the same", significant("shift", "length")),)),
    ]
