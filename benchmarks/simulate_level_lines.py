"""The lines of a factor's levels, and repeats that are one draw: size and power of what the screen says of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from benchmarks.simulate_cells import Prose, YesNo
from benchmarks.simulate_rows import Aim, Read, Row
from persona_batch.comparing import Comparison
from persona_batch.record import Record

MARK = "zork "


@dataclass(frozen=True, slots=True)
class Models:
    """`personas` (and a control with few words) asked on `models`; `marked` of the last model's replies begin alike.

    Nothing differs besides: personas and models answer from one vocabulary.
    """

    models: int = 2
    personas: int = 1
    questions: int = 12
    samples: int = 3
    marked: float = 0.0

    def records(self, rng: np.random.Generator) -> list[Record]:
        """Return one run."""
        names = tuple((f"p{number}", 0.0) for number in range(self.personas))
        world = Prose(questions=self.questions, samples=self.samples, control_samples=self.samples, shares=names)
        found = []
        for model in range(self.models):
            for one in world.records(rng):
                mark = MARK if model == self.models - 1 and rng.random() < self.marked else ""
                key = f"{model}/{one.key}"
                found.append(replace(one, key=key, model=f"m{model}", reply=mark + one.reply))
        return found


def repeated(records: list[Record], times: int) -> list[Record]:
    """Return the first sample of each cell so many times, under other ids, as a cache does."""
    return [
        replace(one, key=f"{one.key}/{sample}", sample=sample, request_id=f"{one.key}/{sample}")
        for one in records
        if one.sample == 0
        for sample in range(times)
    ]


def rows() -> list[Row]:
    """Return the worlds."""
    return [*_lines(), *_repeats()]


def _lines() -> Iterator[Row]:
    two = "change", "told_apart"
    for name, world in (
        ("two models, one persona", Models()),
        ("two models, four personas", Models(personas=4)),
        ("four models", Models(models=4)),
    ):
        aims = [Aim(f"a level is told: {name}", _any_level, "level")]
        if world.models == 2:
            aims += [
                Aim(f"… by change alone: {name}", _by("change")),
                Aim(f"… by its share: {name}", _by("told_apart")),
            ]
        yield Row(world.records, two, tuple(aims), share=0.3)
    for share, expected in ((0.5, 0.2), (1.0, 0.98)):
        marked = Models(marked=share)
        aims = [
            Aim(f"power of a level's line, {share:.0%} of the replies marked", _any_level, expected=expected),
            Aim(f"… by change alone, {share:.0%} marked", _by("change"), "level", 1.0),
            Aim(f"… by its share, {share:.0%} marked", _by("told_apart"), "level", 1.0),
        ]
        yield Row(marked.records, two, tuple(aims), share=0.3)


def _repeats() -> Iterator[Row]:
    prose = Prose(samples=1, control_samples=1)
    sure = YesNo(rate=0.98, control_rate=0.98)
    one = YesNo(samples=1, control_samples=1, rate=0.8)

    def copied(rng: np.random.Generator) -> list[Record]:
        return repeated(prose.records(rng), 4)

    def short(rng: np.random.Generator) -> list[Record]:
        return repeated(one.records(rng), 4)

    two = "change", "told_apart"
    yield Row(copied, two, (Aim("the claim holds: each reply written four times", _holds, "level"),), share=0.3)
    yield Row(short, two, (Aim("the claim holds: each yes or no written four times", _holds, "level"),), share=0.3)
    yield Row(sure.records, two, (Aim("the claim holds: yes/no 98 : 98, all drawn", _holds, "level"),), share=0.3)
    moved = YesNo(rate=1.0, control_rate=0.5)
    aim = Aim("the claim holds: yes always against yes in half", _holds, expected=1.0, tolerance=0.03)
    yield Row(moved.records, two, (aim,), share=0.1)


def _any_level(comparison: Comparison) -> float | None:
    return float(any(row.holds for row in comparison.factors))


def _by(measure: str) -> Read:
    def read(comparison: Comparison) -> float | None:
        p = getattr(comparison.factors[0], measure).p
        return float(p is not None and p <= 0.05)

    return read


def _holds(comparison: Comparison) -> float | None:
    return float(any(claim.holds for claim in comparison.claims))
