"""What judges and people gave the replies, as the page shows it: a number by metric, with the judge's words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from persona_batch.comparing.judged_scores import PREFERRED, REFUSED, Rated, Score, Scores
from persona_batch.record import Record
from persona_batch.record.judgment import reply_hash
from persona_batch.reporting.data import By, Metric

Given: TypeAlias = tuple[int, float | None] | tuple[int, float | None, str]
_RATED = "rating"  # what is told of ratings that do not say by which rubric


class Beside(NamedTuple):
    """A reply that others were set beside: whose it is, and its hash."""

    persona: str
    reply: str


class _Name(NamedTuple):
    name: str
    by: By


@dataclass(slots=True)
class Grades:
    """The metrics of some runs, and what each record was given.

    Args:
        scores: of each run.
        beside: of each run, by key, the replies that others were set beside.
    """

    scores: Sequence[Scores]
    beside: Sequence[Mapping[str, Beside]]
    metrics: list[Metric]
    _places: dict[_Name, int]

    @classmethod
    def of(cls, scores: Sequence[Scores], beside: Sequence[Mapping[str, Beside]]) -> "Grades":
        """Return the grades of runs whose records were gathered."""
        held: dict[_Name, list[float]] = defaultdict(list)
        for given, others in zip(scores, beside, strict=True):
            for judged in given.values.values():
                for score in judged:
                    held[_Name(score.metric, "judge")].append(score.value)
            for rated in given.human.values():
                for one in rated:
                    if (name := _rated_name(one, others)) is not None:
                        held[name].append(one.value)
        places = {name: place for place, name in enumerate(sorted(held, key=lambda name: (name.by, name.name)))}
        metrics = [Metric(name.name, name.by, *_ends(name, held[name])) for name in places]
        return cls(scores, beside, metrics, places)

    def given(self, run: int, record: Record) -> list[Given]:
        """Return what a record's reply was given; not what was given another reply of its key."""
        scores, key = self.scores[run], record.key
        if key not in scores.values and key not in scores.human:
            return []
        return [*self._judged(run, record), *self._rated(run, key)]

    def _judged(self, run: int, record: Record) -> Iterator[Given]:
        scores, mine = self.scores[run], ("", reply_hash(record.reply))
        words = [said for said in scores.words.get(record.key, ()) if said.reply in mine]
        for score in scores.values.get(record.key, ()):
            if score.reply not in mine or not self._still(run, score):
                continue
            place = self._places[_Name(score.metric, "judge")]
            value = None if np.isnan(score.value) else float(score.value)
            said = "\n".join(one.bare for one in words if one.metric == score.metric)
            yield (place, value, said) if said else (place, value)

    def _still(self, run: int, score: Score) -> bool:
        """Whether the reply that another was set beside, if any, is still the one that was judged."""
        if score.other is None:
            return True
        found = self.beside[run].get(score.other)
        return found is not None and score.other_reply in ("", found.reply)

    def _rated(self, run: int, key: str) -> Iterator[Given]:
        """Yield the mean of what people gave by each metric, with each rater's own where there are several."""
        by_metric: dict[_Name, list[Rated]] = defaultdict(list)
        for rated in self.scores[run].human.get(key, ()):
            if (name := _rated_name(rated, self.beside[run])) is not None:
                by_metric[name].append(rated)
        for name, given in by_metric.items():
            mean = float(np.mean([rated.value for rated in given]))
            yield self._places[name], mean, ", ".join(f"{rated.rater}: {rated.value:g}" for rated in given)


def _rated_name(rated: Rated, beside: Mapping[str, Beside]) -> _Name | None:
    """Return the metric of a rating; of a pair the persona that it was set beside is a part of the name."""
    if rated.other is None:
        return _Name(rated.rubric or _RATED, "people")
    other = beside.get(rated.other)
    return None if other is None else _Name(f"{rated.rubric}{PREFERRED}{other.persona}".strip(), "people")


def _ends(name: _Name, values: Sequence[float]) -> tuple[float | None, float | None]:
    if PREFERRED in f" {name.name}" or name.name.endswith(REFUSED):
        return 0.0, 1.0
    known = [value for value in values if not np.isnan(value)]
    return (min(known), max(known)) if known else (None, None)
