"""Lists of arms: those of personas that are written out, and those of a table's rows, made when they are asked for."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from persona_batch.chat import JsonValue, Params, Placement
from persona_batch.config.batch import Persona
from persona_batch.plan.arm import Arm
from persona_batch.plan.key import canonical_json

_KEPT = 20_000  # arms of a table

Level = tuple[Mapping[str, JsonValue], Params, bytes]
"""A combination of levels of request parameters, the params with them, and these as canonical JSON."""

MakeArm = Callable[[Persona, int, Placement, Level], Arm]


@dataclass(frozen=True)
class RowArms:
    """The arms of a table: row by row, and in each row as those of any persona.

    `make` makes the arm of a persona's wording in one place; `shape` is what the rows share. Those of a short table are
    kept, once they are made.
    """

    shape: Persona
    placements: Sequence[Placement]
    levels: Sequence[Level]
    make: MakeArm

    def __len__(self) -> int:
        rows = self.shape.rows
        return 0 if rows is None else len(rows) * self._each

    def __getitem__(self, place: int) -> Arm:
        return self._kept[place] if len(self) <= _KEPT else self._made(place)

    @cached_property
    def _kept(self) -> list[Arm]:
        return [self._made(place) for place in range(len(self))]

    def _made(self, place: int) -> Arm:
        number, rest = divmod(place, self._each)
        variant, rest = divmod(rest, len(self.placements) * len(self.levels))
        where, level = divmod(rest, len(self.levels))
        return self._arm(number, variant, where, level)

    def __iter__(self) -> Iterator[Arm]:
        return (self[place] for place in range(len(self)))

    def find(self, persona: str, variant: int, placement: str, factors: bytes) -> Arm | None:
        """Return the arm of these names; `factors` as canonical JSON."""
        rows = self.shape.rows
        number = None if rows is None else rows.number_of(persona)
        levels = [canonical_json(level[0]) for level in self.levels]
        if number is None or factors not in levels or not 0 <= variant < len(self.shape.variants):
            return None
        arms = (self._arm(number, variant, where, levels.index(factors)) for where in range(len(self.placements)))
        return next((arm for arm in arms if arm.placement == placement), None)

    @property
    def digest(self) -> JsonValue:
        """What tells these arms from all others: the table and what is made of it."""
        shape = self.shape
        levels = [[dict(factors), text.decode()] for factors, _, text in self.levels]
        return [shape.rows and shape.rows.written(), list(shape.variants), list(self.placements), levels, shape.id]

    @property
    def _each(self) -> int:
        return len(self.shape.variants) * len(self.placements) * len(self.levels)

    def _arm(self, number: int, variant: int, where: int, level: int) -> Arm:
        rows = self.shape.rows
        assert rows is not None
        arm = self.make(rows.persona(self.shape, number), variant, self.placements[where], self.levels[level])
        return replace(arm, twin=arm.name) if (number, variant) in rows.repeated else arm


class ArmList(Sequence[Arm]):
    """Several lists of arms as one; `parts` are plain lists and tables."""

    __slots__ = ("_ends", "parts")

    def __init__(self, parts: Sequence[Sequence[Arm] | RowArms]) -> None:
        self.parts = tuple(part for part in parts if len(part))
        self._ends = list(accumulate(map(len, self.parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, place: int) -> Arm:  # type: ignore[override]  # nobody takes slices of a million arms
        if not 0 <= place < len(self):
            raise IndexError(place)
        part = bisect_right(self._ends, place)
        return self.parts[part][place - (self._ends[part - 1] if part else 0)]

    def __iter__(self) -> Iterator[Arm]:
        return (arm for part in self.parts for arm in part)

    @property
    def written(self) -> list[Arm]:
        """The arms that are in memory."""
        return [arm for part in self.parts if not isinstance(part, RowArms) for arm in part]

    @property
    def tables(self) -> list[RowArms]:
        """Those that are made of rows."""
        return [part for part in self.parts if isinstance(part, RowArms)]


def joined(parts: Sequence[Sequence[Arm] | RowArms]) -> Sequence[Arm]:
    """Return lists of arms as one; a plain list where all of them are."""
    if any(isinstance(part, RowArms) for part in parts):
        return ArmList(parts)
    return [arm for part in parts for arm in part]
