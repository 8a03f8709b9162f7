"""Factors: what the arms of a comparison are, and what each is compared with.

Personas and attributes are compared with their control, whatever their placement and wording, on the same model
for the same speaker, and at the same levels of the grid's own factors (which controls are asked at too). A factor of
the cell (placement, variant, model, speaker, params, run, those of the grid) is compared level by
level within a persona: `pirate · user` against `pirate · system`, all else equal. Personas of one prompt that differ
in nothing but where it stands are one subject there.
"""

from collections import UserDict
from collections.abc import Mapping, Sequence, ValuesView
from pathlib import Path
from typing import Any

import numpy as np

from persona_batch.comparing.columns import column_of, level_text
from persona_batch.comparing.comparison import ArmRole
from persona_batch.comparing.corpus import Corpus
from persona_batch.comparing.levels import BUILT_IN_CONTROLS, CELL_FACTORS, Assignment, by_level, combine
from persona_batch.config.persona_rows import PersonaRows
from persona_batch.errors import UsageError
from persona_batch.plan.forms import FORMAT
from persona_batch.record.manifest import read_manifest
from persona_batch.wording import meant

NO_PROMPT = ("none", "empty")


def assign(
    corpus: Corpus,
    by: str,
    *,
    controls: Mapping[str, Sequence[str]] | None = None,
    control: str | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
) -> Assignment:
    """Return the arms of a comparison.

    Args:
        corpus: the records.
        by: `persona`, a factor of the cell, or the name of an attribute.
        controls: the ids of each persona's controls, the reference first; None: the built-in ones by id.
        control: one persona (or level of the factor) that is everyone's reference.
        levels: of the grid's own factors, in the order of the files; the first is the reference.

    Raises:
        UsageError: `by` names no factor and no attribute, or there is no such control.
    """
    if by in CELL_FACTORS:
        return by_level(corpus, by, control)
    if by in corpus.factors:
        return by_level(corpus, column_of(by), control, (levels or {}).get(by, ()))
    attributes = {name for held in corpus.attributes.values() for name in held}
    if by != "persona" and by not in attributes:
        known = ["persona", *CELL_FACTORS[:-1], *corpus.factors, *sorted(attributes)]
        raise UsageError(f"--by {by}: no such factor, and no attribute of a persona; {meant(by, known)}")
    return _by_persona(corpus, by, controls, control)


def _by_persona(
    corpus: Corpus, by: str, controls: Mapping[str, Sequence[str]] | None, control: str | None
) -> Assignment:
    personas = corpus.names["persona"]
    if control is not None and control not in personas:
        raise UsageError(f"--control {control}: no such persona among the records; {meant(control, personas)}")
    chosen = {persona: _controls_of(persona, personas, controls, control) for persona in personas}
    used = list(dict.fromkeys(name for named in chosen.values() for name in named))
    names = used + [name for name in personas if name not in used]
    arm_of_persona = {name: place for place, name in enumerate(names)}
    if by != "persona":
        names, arm_of_persona = _by_attribute(corpus, by, used)
    heads = {named[0] for persona, named in chosen.items() if named and persona not in used}
    heads = heads or {named[0] for named in chosen.values() if named}
    roles: list[ArmRole] = ["control" if name in heads else "placebo" if name in used else "persona" for name in names]
    references: dict[int, int] = {}
    placebos: dict[int, int] = {}
    for persona, named in chosen.items():
        arm = arm_of_persona.get(persona)
        if arm is not None and named and named[0] != persona:
            references.setdefault(arm, arm_of_persona[named[0]])
            harmless = None if persona in used else _placebo_of(named, declared=control is None)
            if harmless is not None:
                placebos.setdefault(arm, arm_of_persona[harmless])
    lookup = np.array([arm_of_persona.get(persona, -1) for persona in personas], dtype=np.int64)
    arm_column = lookup[corpus.columns["persona"]]
    context = combine(corpus, ("model", "speaker", "factors", "run"))
    return Assignment(
        arm=arm_column,
        context=context,
        names=names,
        roles=roles,
        references=dict(sorted(references.items())),
        placebos=dict(sorted(placebos.items())),
        attribute=None if by == "persona" else by,
    )


def _placebo_of(controls: Sequence[str], *, declared: bool) -> str | None:
    """Return the harmless prompt among a persona's controls: `assistant`, else the second of them.

    Where --control names the reference, only the absence of a prompt makes `assistant` a placebo: against another
    persona there is none.
    """
    head, *rest = controls
    if not declared and head not in NO_PROMPT:
        return None
    return "assistant" if "assistant" in rest else next((name for name in rest if declared), None)


def _by_attribute(corpus: Corpus, by: str, used: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    level_of = {name: held[by] for name, held in corpus.attributes.items() if by in held and name not in used}
    levels = sorted(set(level_of.values()))
    names = [*used, *(f"{by}={level}" for level in levels)]
    arms = {name: place for place, name in enumerate(used)}
    arms.update({name: len(used) + levels.index(level) for name, level in level_of.items()})
    return names, arms


def _controls_of(
    persona: str, personas: Sequence[str], controls: Mapping[str, Sequence[str]] | None, control: str | None
) -> list[str]:
    """Return the controls of a persona that have records, the reference first."""
    if control is not None:
        rest = [name for name in BUILT_IN_CONTROLS if name in personas and name != control]
        return [control, *rest]
    asked: Sequence[str] = BUILT_IN_CONTROLS
    if controls is not None:  # a control is itself measured against the head of a list it stands in
        asked = next((named for named in controls.values() if persona in named), controls.get(persona, ()))
    return [name for name in asked if name in personas]


def clusters_of(manifest: Path) -> dict[str, str]:
    """Return the cluster of each question that has one, by the manifest; none where there is no manifest."""
    if not manifest.is_file():
        return {}
    questions = read_manifest(manifest).entries("questions")
    return {str(one["id"]): str(one["cluster"]) for one in questions if one.get("cluster") is not None}


def levels_of(manifest: Path) -> dict[str, list[str]]:
    """Return the levels of the grid's own factors by the manifest, in the order of the files."""
    if not manifest.is_file():
        return {}
    run = read_manifest(manifest).config.get("run")
    said = run if isinstance(run, dict) else {}
    found = {str(name): [level_text(level) for level in levels] for name, levels in (said.get("factors") or {}).items()}
    return found | ({FORMAT: list(said["formats"])} if said.get("formats") else {})


def controls_of(manifest: Path) -> Mapping[str, list[str]] | None:
    """Return the ids of each persona's controls by the manifest, the reference first; None where there is none.

    A records file that was copied elsewhere has none; the built-in controls are then known by their ids. The personas
    of a table are not in the manifest: whoever is not there by name has the controls of the table.
    """
    if not manifest.is_file():
        return None
    personas = read_manifest(manifest).config.get("personas")
    if not isinstance(personas, list):
        return None
    entries = [persona for persona in personas if isinstance(persona, dict) and "id" in persona]
    named = {str(one["id"]): [str(name) for name in one.get("controls", ())] for one in entries if "rows" not in one}
    tables = [one for one in entries if "rows" in one]
    controls = [[str(name) for name in one.get("controls", ())] for one in tables]
    if any(one != controls[0] for one in controls):  # which rows are whose is in the tables
        for one, mine in zip(tables, controls, strict=True):
            named |= dict.fromkeys(PersonaRows.reopened(one["rows"]).names(), mine)
    return _OfTable(named, controls[0]) if controls else named


class _OfTable(UserDict[str, list[str]]):
    """Controls by id; those of a table for all ids that are not there."""

    def __init__(self, named: Mapping[str, list[str]], of_table: list[str]) -> None:
        super().__init__(named)
        self._of_table = of_table

    def __missing__(self, _: str) -> list[str]:
        return self._of_table

    def values(self) -> ValuesView[list[str]]:
        """Return all lists."""
        return {**self.data, "": self._of_table}.values()

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002  # there is always one
        """Return the controls of an id."""
        return self[key]
