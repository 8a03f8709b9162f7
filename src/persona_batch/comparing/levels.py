"""Factors of the cell, level by level, all else equal: placement, variant, model, speaker, params, run, the grid's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
import numpy as np

from persona_batch.chat import Placement
from persona_batch.comparing.columns import Column, column_of
from persona_batch.comparing.comparison import ArmRole
from persona_batch.comparing.corpus import Corpus
from persona_batch.errors import UsageError
from persona_batch.wording import meant

BUILT_IN_CONTROLS = ("none", "empty", "assistant")
CELL_FACTORS = ("placement", "variant", "model", "speaker", "params", "run")
_CONTEXT = ("variant", "placement", "model", "speaker", "params")
_PLACEMENTS = get_args(Placement)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Arm and context of each record (arm -1: not part of this comparison), and the arms themselves.

    `references` are what an arm is measured against, `placebos` the harmless prompt that it has to differ from as well.
    `attribute` is what the arms are levels of, where they are personas grouped by one.
    """

    arm: Column
    context: Column
    names: list[str]
    roles: list[ArmRole]
    references: dict[int, int]
    placebos: dict[int, int]
    attribute: str | None = None


def by_level(corpus: Corpus, by: str, control: str | None, order: Sequence[str] = ()) -> Assignment:
    """Return the levels of a factor within each persona, each against the first (`control`: against that one).

    Args:
        corpus: the records.
        by: one of `CELL_FACTORS`, or the column of one of the grid's own factors.
        control: the level that is everyone's reference.
        order: the levels as files give them.

    Raises:
        UsageError: there is no such level.
    """
    levels, ranked = _ranked(corpus, by, order)
    if control is not None:
        if control not in levels:
            raise UsageError(
                f"--control {control}: no such {factor_of(by)} among the records; {meant(control, levels)}"
            )
        ranked.sort(key=lambda level: levels[level] != control)
    subjects, level_column = subjects_of(corpus, by), corpus.columns[by]
    owner = subjects[corpus.columns["persona"]]
    names: list[str] = []
    roles: list[ArmRole] = []
    references: dict[int, int] = {}
    lookup = np.full((len(corpus.names["persona"]), len(levels)), -1, dtype=np.int64)
    for subject, present in _levels_of(owner, level_column).items():
        mine = [level for level in ranked if level in present]
        if len(mine) < 2 or (by == "variant" and _apart(corpus, owner == subject)):
            continue
        for level in mine:
            lookup[subject, level] = len(names)
            if level != mine[0]:
                references[len(names)] = int(lookup[subject, mine[0]])
            there = corpus.columns["persona"][(owner == subject) & (level_column == level)]
            persona = corpus.names["persona"][int(there[0])]
            names.append(_level_name(persona, by, levels, level))
            roles.append(_level_role(persona, first=level == mine[0]))
    return Assignment(lookup[owner, level_column], _all_else(corpus, by, owner), names, roles, references, {})


def by_factor(corpus: Corpus, by: str, order: Sequence[str] = ()) -> tuple[Assignment, list[str]] | None:
    """Return the levels of a factor against its first, over all personas that have several; None: none has.

    The second part names those personas (the controls only where no other has several).
    """
    levels, ranked = _ranked(corpus, by, order)
    subjects, level_column = subjects_of(corpus, by), corpus.columns[by]
    owner = subjects[corpus.columns["persona"]]
    several = [subject for subject, present in _levels_of(owner, level_column).items() if len(present) > 1]
    several = [one for one in several if corpus.names["persona"][one] not in BUILT_IN_CONTROLS] or several
    mine = np.isin(owner, several)
    present = [level for level in ranked if level in set(level_column[mine].tolist())]
    if len(present) < 2:
        return None
    place = {level: number for number, level in enumerate(present)}
    lookup = np.array([place.get(level, -1) for level in range(len(levels))], dtype=np.int64)
    roles: list[ArmRole] = ["control"]
    roles += ["level"] * (len(present) - 1)
    assignment = Assignment(
        np.where(mine, lookup[level_column], -1),
        _all_else(corpus, by, owner),
        [told_level(by, levels, level) for level in present],
        roles,
        dict.fromkeys(range(1, len(present)), 0),
        {},
    )
    return assignment, [corpus.names["persona"][subject] for subject in several]


def subjects_of(corpus: Corpus, by: str) -> Column:
    """Return by persona the number of the first that is the same subject: by placement, those of one prompt are."""
    names = corpus.names["persona"]
    if by != "placement":
        return np.arange(len(names))
    prompts = {name: corpus.prompts[-1].wording(name) for name in names if name not in BUILT_IN_CONTROLS}
    first: dict[str, int] = {}
    found = []
    for place, name in enumerate(names):
        prompt = prompts.get(name)
        found.append(place if prompt is None else first.setdefault(prompt, place))
    return np.array(found, dtype=np.int64)


def factor_of(column: str) -> str:
    """Return the name of the factor of a column."""
    return column.removeprefix(column_of(""))


def _ranked(corpus: Corpus, by: str, order: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the names of the levels, and their numbers with the reference first."""
    levels = ["before", "after"] if by == "run" else corpus.names[by]
    if by in map(column_of, corpus.factors):  # sorted already; as the files give them, where those are known
        place = {level: number for number, level in enumerate(order)}
        return levels, sorted(range(len(levels)), key=lambda level: (place.get(levels[level], len(place)), level))
    return levels, sorted(range(len(levels)), key=lambda level: _rank(by, levels[level]))


def _levels_of(owner: Column, levels: Column) -> dict[int, set[int]]:
    """Return by subject the levels it was asked at."""
    found: dict[int, set[int]] = {}
    for subject, level in np.unique(np.stack([owner, levels]), axis=1).T.tolist():
        found.setdefault(subject, set()).add(level)
    return found


def _apart(corpus: Corpus, mine: Column) -> bool:
    """Whether each question was asked in one wording only, as those of a template are: none has another beside it."""
    asked = np.unique(np.stack([corpus.columns[name][mine] for name in ("question", "variant")]), axis=1)
    return len(np.unique(asked[0])) == len(asked[0])


def _all_else(corpus: Corpus, by: str, owner: Column) -> Column:
    """Number what the levels of a factor share: the subject, and every other factor (two runs may differ in params)."""
    columns = (*_CONTEXT, *map(column_of, corpus.factors), "run")
    rest = [factor for factor in columns if factor != by and not (by == "run" and factor == "params")]
    return combine(corpus, rest) * (int(owner.max(initial=0)) + 1) + owner


def _level_role(persona: str, *, first: bool) -> ArmRole:
    if persona in BUILT_IN_CONTROLS:
        return "placebo"
    return "control" if first else "level"


def _level_name(persona: str, by: str, levels: Sequence[str], level: int) -> str:
    if by == "run":
        return persona if levels[level] == "after" else f"{persona} (before)"
    return f"{persona} · {told_level(by, levels, level)}"


def told_level(by: str, levels: Sequence[str], level: int) -> str:
    """Return a level as it is told: of params only what is not the same at every level."""
    text = levels[level]
    if by != "params":
        return text or ("nobody" if by == "speaker" else "the endpoint's own")
    held = [msgspec.json.decode(other, type=dict[str, Any]) for other in levels]
    common = {name for name in held[0] if all(other.get(name) == held[0][name] for other in held)}
    told = [f"{name} {value}" for name, value in held[level].items() if len(held) == 1 or name not in common]
    return ", ".join(told) or "the endpoint's own"


def _rank(by: str, level: str) -> tuple[int, str]:
    if by == "placement":
        return _PLACEMENTS.index(level), level
    if by == "run":  # the earlier run is the reference
        return int(level == "after"), level
    if by == "variant":
        return int(level), level
    return (0 if level == "" else 1), level


def combine(corpus: Corpus, factors: Sequence[str]) -> Column:
    """Number the combinations of these factors."""
    context = np.zeros(len(corpus), dtype=np.int64)
    for factor in factors:
        column = corpus.columns[factor]
        size = int(column.max()) + 1 if len(column) else 1
        context = context * size + column
    return context
