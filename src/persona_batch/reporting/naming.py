"""Conditions and their names: every combination of run, persona, wording, place, model, speaker and parameters.

A condition is named by its persona and by whatever else tells it from the persona's others: `pirate`, or
`pirate · user` where the persona was asked in several places.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

import msgspec

from persona_batch.chat import Placement
from persona_batch.comparing.columns import encode_sorted, level_text, speaker_of
from persona_batch.comparing.levels import told_level
from persona_batch.plan.forms import TOLD
from persona_batch.record import Record
from persona_batch.reporting.data import Factor, FactorKind, Role

_PLACEMENTS: tuple[str, ...] = get_args(Placement)
_JOINT = " · "
_STAMPED = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-(.+)", re.DOTALL)  # the id of a run
_UNSENT = "the endpoint's own"  # a parameter that is not sent, as `compare` says it


class Who(NamedTuple):
    """A condition as records tell it: everything about a cell but its question and sample.

    `apart` are the parameters that are no factor of the grid, `factors` its factors, `params` all that was sent: as
    canonical JSON. `run` counts from 0.
    """

    persona: str
    placement: str
    variant: int
    model: str
    speaker: str
    factors: str
    apart: str
    params: str
    run: int

    @classmethod
    def of(cls, record: Record, run: int) -> "Who":
        """Return a record's."""
        factors = {name: level for name, level in record.factors.items() if name != TOLD}
        params = encode_sorted(record.params).decode()
        apart = {name: value for name, value in record.params.items() if name not in factors}
        return cls(
            record.persona,
            record.placement,
            record.variant,
            record.model,
            speaker_of(record),
            encode_sorted(factors).decode() if factors else "{}",
            encode_sorted(apart).decode() if factors else params,
            params,
            run,
        )


@dataclass(frozen=True, slots=True)
class Order:
    """In which order the files name things; what they do not name comes behind, by its name."""

    personas: Sequence[str] = ()
    models: Sequence[str] = ()
    levels: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """Conditions in the order of the columns, with their ids and levels, and the factors that vary."""

    order: list[Who]
    ids: list[str]
    levels: list[dict[str, str]]
    factors: list[Factor]


def name_conditions(
    found: Sequence[Who],
    *,
    roles: Mapping[str, Role],
    runs: Sequence[str],
    attributes: Mapping[str, Mapping[str, str]],
    order: Order,
) -> Named:
    """Name conditions and put them in order: controls first, then by persona, and a persona's runs side by side.

    Args:
        found: the conditions that occur.
        roles: of the personas.
        runs: names of the runs, told apart.
        attributes: of the personas.
        order: of the files.
    """
    described = _Descriptions(found, runs)
    personas = _places(order.personas, sorted({who.persona for who in found}))
    models = _places(order.models, sorted({who.model for who in found}))
    rank = {"control": 0, "placebo": 1, "persona": 2}

    def place(who: Who) -> tuple[Any, ...]:
        levels = described.grid(who)
        grid = [_level_place(order.levels.get(name, ()), levels.get(name, "")) for name in described.grid_names]
        where = _PLACEMENTS.index(who.placement)
        at = (rank[roles[who.persona]], personas[who.persona], where, who.variant, models[who.model])
        return (*at, who.speaker, grid, who.apart, who.run)

    ordered = sorted(found, key=place)
    told = [described.parts(who) for who in ordered]
    varies = _varies(ordered, told)
    factors, levels = _factors(ordered, told, varies, attributes)
    return Named(ordered, _unique(_ids(ordered, told, varies)), levels, factors)


def run_labels(names: Sequence[str]) -> list[str]:
    """Return what tells runs apart, as briefly as it can be said: a column's head has little room.

    Runs of one batch are told by their days or their times (UTC, as in their names), others by their batches; where
    that is not enough, by their names.
    """
    if len(names) < 2:
        return list(names)
    found = [_STAMPED.fullmatch(name) for name in names]
    stamps = [match.groups() for match in found if match is not None]
    if len(stamps) < len(names):
        return _unique(names)
    batches = [stamp[6] for stamp in stamps]
    if len(set(batches)) > 1:
        return batches if len(set(batches)) == len(batches) else _unique(names)
    years = {stamp[0] for stamp in stamps}
    days = ["-".join(stamp[len(years) == 1 : 3]) for stamp in stamps]
    minutes, seconds = ([":".join(stamp[3:end]) + "Z" for stamp in stamps] for end in (5, 6))
    forms = [minutes, seconds] if len(set(days)) == 1 else [days]
    forms += [[f"{day} {time}" for day, time in zip(days, times, strict=True)] for times in (minutes, seconds)]
    return next((form for form in forms if len(set(form)) == len(form)), _unique(names))


class _Part(NamedTuple):
    """A level of a factor, as it stands in a list of levels and in a condition's name."""

    kind: FactorKind
    factor: str
    level: str
    label: str


class _Descriptions:
    def __init__(self, found: Sequence[Who], runs: Sequence[str]) -> None:
        self._runs = runs
        self._apart = sorted({who.apart for who in found})
        self._grids = {who.factors: _decoded(who.factors) for who in found}
        self.grid_names = sorted({name for held in self._grids.values() for name in held})

    def grid(self, who: Who) -> dict[str, str]:
        """Return the levels of the grid's own factors; "": not sent."""
        return {name: level_text(level) for name, level in self._grids[who.factors].items()}

    def parts(self, who: Who) -> list[_Part]:
        """Return all that a name may be made of, in its order."""
        grid, held = self.grid(who), _decoded(who.params)
        own = [(name, grid.get(name, level_text(held.get(name))) or _UNSENT) for name in self.grid_names]
        apart = told_level("params", self._apart, self._apart.index(who.apart))
        return [
            _Part("placement", "placement", who.placement, who.placement),
            _Part("variant", "variant", str(who.variant), f"variant {who.variant}"),
            _Part("model", "model", who.model, who.model),
            _Part("speaker", "speaker", who.speaker or "nobody", who.speaker or "nobody"),
            *(_Part("factor", name, level, f"{name} {level}") for name, level in own),
            _Part("params", "params", apart, apart),
            _Part("run", "run", self._runs[who.run], self._runs[who.run]),
        ]


def _varies(ordered: Sequence[Who], told: Sequence[Sequence[_Part]]) -> dict[str, set[int]]:
    """Return by persona which parts of its conditions' names differ among them."""
    levels: dict[tuple[str, int], set[str]] = defaultdict(set)
    for who, parts in zip(ordered, told, strict=True):
        for place, part in enumerate(parts):
            levels[who.persona, place].add(part.level)
    found: dict[str, set[int]] = defaultdict(set)
    for (persona, place), held in levels.items():
        if len(held) > 1:
            found[persona].add(place)
    return found


def _ids(ordered: Sequence[Who], told: Sequence[Sequence[_Part]], varies: Mapping[str, set[int]]) -> list[str]:
    return [
        _JOINT.join([who.persona, *(parts[place].label for place in sorted(varies.get(who.persona, ())))])
        for who, parts in zip(ordered, told, strict=True)
    ]


def _unique(ids: Sequence[str]) -> list[str]:
    """Number names that others have already (a persona may be called `pirate · user`)."""
    taken: set[str] = set()
    found = []
    for name in ids:
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name} #{number}"
        taken.add(free)
        found.append(free)
    return found


def _factors(
    ordered: Sequence[Who],
    told: Sequence[Sequence[_Part]],
    varies: Mapping[str, set[int]],
    attributes: Mapping[str, Mapping[str, str]],
) -> tuple[list[Factor], list[dict[str, str]]]:
    """Return what columns can be made by, and each condition's levels of it.

    That is what varies within a persona, and the attributes in which personas differ.
    """
    levels = [{"persona": who.persona} for who in ordered]
    factors = [Factor("persona", "persona", list(dict.fromkeys(who.persona for who in ordered)))]
    for place in sorted({place for places in varies.values() for place in places}):
        column = [parts[place] for parts in told]
        held = list(dict.fromkeys(part.level for part in column))
        kind, factor = column[0].kind, _free(column[0].factor, factors)
        factors.append(Factor(factor, kind, held))
        for mine, part in zip(levels, column, strict=True):
            mine[factor] = part.level
    for name in sorted({name for held in attributes.values() for name in held}):
        mine_of = {persona: held[name] for persona, held in attributes.items() if name in held}
        if len(set(mine_of.values())) < 2:
            continue
        factor = _free(name, factors)
        factors.append(Factor(factor, "attribute", sorted(set(mine_of.values()))))
        for mine, who in zip(levels, ordered, strict=True):
            if who.persona in mine_of:
                mine[factor] = mine_of[who.persona]
    return factors, levels


def _free(name: str, factors: Sequence[Factor]) -> str:
    """Return a name that no factor has: an attribute may be called `model`."""
    taken = {factor.name for factor in factors}
    return name if name not in taken else _unique([*taken, name])[-1]


def _places(known: Sequence[str], others: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys([*known, *others]))}


def _level_place(known: Sequence[str], level: str) -> tuple[int, float, str]:
    try:
        size = float(level) if level else float("-inf")
    except ValueError:
        size = float("inf")
    return (known.index(level) if level in known else len(known)), size, level


def _decoded(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])
