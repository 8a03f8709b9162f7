"""What people said of replies, pair of arms by pair of arms, as one number a question on each side.

Several raters of a pair of replies are averaged first, then the pairs of a question. A score counts where one person
gave it to both sides of a question: who is strict is strict on both, and cancels.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from persona_batch.comparing import sentences
from persona_batch.comparing.corpus import USABLE
from persona_batch.comparing.grades import Said
from persona_batch.comparing.layout import Layout
from persona_batch.comparing.p_values import Floats

PREFERENCE, SCORE = sentences.PREFERENCE, sentences.SCORE


class Topic(NamedTuple):
    """What people were asked: for a preference or a score, and by which rubric ("": none is named)."""

    kind: str
    rubric: str

    @property
    def metric(self) -> str:
        """How its rows are called: `preference`, `score by role`."""
        return sentences.BY_RUBRIC.format(kind=self.kind, rubric=self.rubric) if self.rubric else self.kind


@dataclass(slots=True)
class Sides:
    """A pair of arms as people saw it: a value a question on both sides, NaN: none.

    `each` is what every rated pair of replies came to (of scores nothing), `units` counts them, or the arm's and the
    reference's rated replies.
    """

    arm: int
    reference: int
    values: Floats
    reference_values: Floats
    units: tuple[int, int]
    raters: int
    each: Floats = field(default_factory=lambda: np.zeros(0))


class Words:
    """People's words on one topic, those that count: on usable replies of arms."""

    def __init__(self, layout: Layout, said: Iterable[Said]) -> None:
        self._layout = layout
        usable = np.isin(layout.corpus.columns["status"], USABLE)
        self._arm = np.where(usable, layout.assignment.arm, -1)
        self._question = layout.corpus.columns["question"]
        self.said = [one for one in said if all(self._arm[place] >= 0 for place in _places(one))]

    def by_rater(self) -> dict[str, dict[Any, float]]:
        """Return each rater's words by what was rated: a place, or two."""
        found: dict[str, dict[Any, float]] = defaultdict(dict)
        for one in self.said:
            found[one.rater][_places(one)] = one.value
        return dict(found)

    def questions(self, units: Iterable[tuple[int, ...]]) -> int:
        """Return to how many questions these belong."""
        return len({int(self._question[unit[0]]) for unit in units})

    def apart(self) -> int:
        """Return how many pairs are of replies that were asked differently: another model, speaker, level or run."""
        return sum(one.other is not None and self._cell(one.place) != self._cell(one.other) for one in self.said)

    def preferences(self) -> Iterator[Sides]:
        """Yield each two arms that people set beside each other, the arm first that is measured against the other."""
        found: dict[tuple[int, int], dict[_Name, float]] = defaultdict(dict)
        for one in self.said:
            if one.other is None or self._cell(one.place) != self._cell(one.other):
                continue
            places, worth = (one.place, one.other), one.value
            if self._arm[one.place] == self._arm[one.other]:
                continue
            if not self._leads(int(self._arm[one.place]), int(self._arm[one.other])):
                places, worth = (one.other, one.place), 1.0 - worth
            arms = int(self._arm[places[0]]), int(self._arm[places[1]])
            found[arms][(*self._cell(places[0]), places, one.rater)] = worth
        for (arm, reference), words in sorted(found.items()):
            pairs = averaged(words)
            shares = self._by_question(averaged(averaged(pairs)))
            yield Sides(
                arm,
                reference,
                shares,
                np.where(np.isfinite(shares), 0.5, np.nan),
                (len(pairs), len(pairs)),
                len({name[-1] for name in words}),
                np.array(sorted(pairs.values())),
            )

    def scores(self, pairs: Iterable[tuple[int, int]]) -> Iterator[Sides]:
        """Yield those of these arms and references whose replies people gave scores."""
        words: dict[int, dict[_Name, float]] = defaultdict(dict)
        for one in self.said:
            words[int(self._arm[one.place])][(*self._cell(one.place), one.rater, one.place)] = one.value
        means = {arm: averaged(given) for arm, given in words.items()}
        for arm, reference in pairs:
            mine, other = means.get(arm, {}), means.get(reference, {})
            both = mine.keys() & other.keys()
            if not (mine and other):
                continue
            values, others = (
                self._by_question(averaged(averaged({name: side[name] for name in both}))) for side in (mine, other)
            )
            units = [len({name[-1] for name in words[one] if name[:-1] in both}) for one in (arm, reference)]
            yield Sides(arm, reference, values, others, (units[0], units[1]), len({name[-1] for name in both}))

    def one_sided(self, arm: int, reference: int) -> int:
        """Return of how many questions nobody gave a score to both of two arms, though somebody did to one of them."""
        seen: dict[int, set[_Name]] = {arm: set(), reference: set()}
        for one in self.said:
            side = int(self._arm[one.place])
            if side in seen:
                seen[side].add((*self._cell(one.place), one.rater))
        some, both = seen[arm] | seen[reference], seen[arm] & seen[reference]
        return len({name[0] for name in some} - {name[0] for name in both})

    def _cell(self, place: int) -> tuple[int, int]:
        return int(self._question[place]), int(self._layout.assignment.context[place])

    def _leads(self, arm: int, other: int) -> bool:
        """Whether an arm is told against the other, rather than the other against it."""
        assignment = self._layout.assignment
        for yardsticks in (assignment.references, assignment.placebos):
            if yardsticks.get(arm) == other or yardsticks.get(other) == arm:
                return yardsticks.get(arm) == other
        ranks = [assignment.roles[one] in ("control", "placebo") for one in (arm, other)]
        return (ranks[0], arm) < (ranks[1], other)

    def _by_question(self, values: Mapping["_Name", float]) -> Floats:
        found = np.full(self._layout.question_count, np.nan)
        for (question,), value in values.items():
            found[question] = value
        return found


_Name: TypeAlias = tuple[Any, ...]


def averaged(values: Mapping[_Name, float]) -> dict[_Name, float]:
    """Return the means over the last part of the names; the order in which they come makes no difference."""
    groups: dict[_Name, list[float]] = defaultdict(list)
    for name, value in values.items():
        groups[name[:-1]].append(value)
    return {name: math.fsum(each) / len(each) for name, each in groups.items()}


def topics_of(said: Sequence[Said]) -> dict[Topic, list[Said]]:
    """Return what people said, by what they were asked, in a fixed order."""
    found: dict[Topic, list[Said]] = defaultdict(list)
    for one in said:
        found[Topic(SCORE if one.other is None else PREFERENCE, one.rubric)].append(one)
    return dict(sorted(found.items()))


def _places(one: Said) -> tuple[int, ...]:
    return (one.place,) if one.other is None else (one.place, one.other)
