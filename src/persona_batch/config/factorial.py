"""The `factors:` of all files and of the command line → the factors of the grid.

One batch has one set of them: a factor may be given by several files with the same levels, and two different ones are
a problem. The command line wins: `--factor NAME=…` replaces the levels of the files, `--param NAME=…` sets the factor
aside. `--factor format=…` chooses among the formats of the files.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Mapping as NamesOf
from dataclasses import dataclass, field

from persona_batch.chat import JsonValue
from persona_batch.config.nodes import Mapping as MappingNode
from persona_batch.config.problems import Place, Problems, did_you_mean, quote
from persona_batch.config.settings import Overrides, check_levels
from persona_batch.wording import listed, said_level

FORMAT = "format"
_ELSEWHERE = {
    "placement": "write the placements under `run: {placement: […]}`, or `--placement` several times",
    "model": "write the models under `run: {model: […]}`, or `-m` several times",
    "samples": "write `run: {samples: …}`",
    "speaker": "write a list under `speaker` of a question or a question file",
    "variant": "write a list of paraphrases under `system`",
    "system": "write a list of paraphrases under `system`",
    "persona": "write several personas",
    "question": "write several questions",
}
"""Factors that stand in places of their own."""


@dataclass(slots=True)
class Factorial:
    """The factors of a batch.

    `levels` of request parameters by name; `formats` templates by name; `places` say where a factor was first given.
    """

    levels: dict[str, tuple[JsonValue, ...]] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def place(self, name: str) -> Place:
        """Return where a factor was first given."""
        return self.places.get(name, Place(f"the factor {quote(name)}"))

    def add(self, said: NamesOf[str, JsonValue], at: MappingNode, problems: Problems) -> None:
        """Take over what a file says."""
        for name, levels in said.items():
            place = at.key_place(name)
            if name in _ELSEWHERE:
                problems.add(place, f"{quote(name)} is no request parameter; {_ELSEWHERE[name]}")
            elif name == FORMAT:
                self._keep(FORMAT, place, dict(levels), self.formats, problems)
                self.formats = self.formats or dict(levels)
            else:
                distinct(levels, place, problems)
                self._keep(name, place, tuple(levels), self.levels.get(name), problems)
                self.levels.setdefault(name, tuple(levels))

    def _keep(self, name: str, place: Place, now: object, before: object, problems: Problems) -> None:
        first = self.places.setdefault(name, place)
        if first is not place and now != before:
            problems.add(place, f"the factor {quote(name)} has other levels in {first}; one run has one set, keep one")

    def override(self, given: Overrides, problems: Problems) -> None:
        """Lay what the command line says over it."""
        for name in given.params:
            self.levels.pop(name, None)
        for name, levels in given.factors.items():
            place = Place(f"--factor {quote(name)[1:-1]}")
            if name in _ELSEWHERE:
                problems.add(place, f"{quote(name)} is no request parameter; {_ELSEWHERE[name]}")
            elif name in given.params:
                problems.add(place, f"`--param {name}` is given too; keep one of the two")
            elif name == FORMAT:
                self._choose(levels, place, problems)
            else:
                distinct(levels, place, problems)
                check_levels(name, levels, problems)
                self.levels[name] = tuple(levels)

    def _choose(self, names: Iterable[JsonValue], place: Place, problems: Problems) -> None:
        chosen = [_written(name) for name in names]
        distinct(chosen, place, problems)
        for name in chosen:
            if name not in self.formats:
                known = listed([quote(one) for one in self.formats]) or "none"
                near = did_you_mean(name, self.formats) or f"; the files have {known}"
                problems.add(place, f"there is no format {quote(name)}{near}")
        self.formats = {name: self.formats[name] for name in chosen if name in self.formats}


def distinct(levels: Iterable[JsonValue], place: Place, problems: Problems) -> None:
    """Note a level that stands in a list twice; 1 and 1.0 are one level, 1 and true are two."""
    seen: list[JsonValue] = []
    for level in levels:
        if any(level == other and isinstance(level, bool) == isinstance(other, bool) for other in seen):
            problems.add(place, f"the level {quote(_written(level))} stands here twice; keep one")
        seen.append(level)


def _written(level: JsonValue) -> str:
    """Return a level as it was typed."""
    return "null" if level is None else said_level(level)


def factors_said(
    holders: Iterable[tuple[Mapping[str, JsonValue], MappingNode]], given: Overrides, problems: Problems
) -> Factorial:
    """Return the factors of a batch: those of the files, and the command line's over them."""
    factorial = Factorial()
    for said, at in holders:
        factorial.add(said, at, problems)
    factorial.override(given, problems)
    return factorial
