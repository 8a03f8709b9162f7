"""What judges and people gave the replies of a comparison: columns beside the other columns of the records.

A judgment or a rating of a pair counts against the persona that the reply was set beside, so those against several
controls are kept apart.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.columns import Column
from persona_batch.comparing.judged_scores import Rated, Score, Scores
from persona_batch.comparing.readings import short_hash
from persona_batch.record import Record
from persona_batch.record.judgment import reply_hash


class Metric(NamedTuple):
    """What was judged, and of pairs the persona that replies were set beside; "": none, it is no pair."""

    name: str
    beside: str = ""


class JudgedColumn(NamedTuple):
    """The scores of one metric, an entry a record: NaN where there is none; `judged` where a judge was asked."""

    rubric: str
    values: NDArray[np.float64]
    judged: NDArray[np.bool_]


class Said(NamedTuple):
    """One person's word on the reply at `place`: a score; of a pair (`other`) 1 where it is preferred, ½, or 0."""

    place: int
    other: int | None
    rater: str
    rubric: str
    value: float


@dataclass(slots=True)
class Graded:
    """Judges' scores by metric, their words by record, and by rubric (and persona beside) each rater's word by record.

    Records are known by their place in the columns. `said` has each word of a person once, also those on pairs.
    """

    judged: dict[Metric, JudgedColumn] = field(default_factory=dict)
    words: dict[int, list[str]] = field(default_factory=dict)
    human: dict[Metric, dict[str, dict[int, float]]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)


@dataclass(slots=True)
class GradeReader:
    """Gathers what was given as the records are read; whom a reply was set beside is known when all are."""

    _scores: list[tuple[int, int, Score]] = field(default_factory=list)  # run, place
    _rated: list[tuple[int, int, Rated]] = field(default_factory=list)
    _words: dict[int, list[str]] = field(default_factory=dict)
    _beside: dict[int, str] = field(default_factory=dict)  # by place: the hash of a reply that others stand beside

    def take(self, run: int, place: int, record: Record, scores: Scores) -> None:
        """Take in what was given one record's reply; not what was given another reply of its key."""
        key = record.key
        if key in scores.values:
            digest = reply_hash(record.reply)
            same = ("", digest)
            self._scores += [(run, place, score) for score in scores.values[key] if score.reply in same]
            self._words[place] = [words.text for words in scores.words.get(key, ()) if words.reply in same]
        if key in scores.human:
            self._rated += [(run, place, rated) for rated in scores.human[key]]
        if key in scores.beside:
            self._beside[place] = reply_hash(record.reply)

    def finish(self, places: Mapping[int, int], personas: Sequence[str], persona: Column) -> Graded:
        """Return all as columns.

        Args:
            places: the place of each run's key (`place_name`).
            personas: names, and `persona` of them each record's.
            persona: (records,).
        """
        found = Graded(words=self._words)
        count = len(persona)
        for run, place, score in self._scores:
            other = None if score.other is None else places.get(place_name(run, score.other))
            if score.other is not None and (
                other is None or score.other_reply not in ("", self._beside.get(other, ""))
            ):
                continue
            metric = Metric(score.metric, "" if other is None else personas[persona[other]])
            if metric not in found.judged:
                empty = np.full(count, np.nan), np.zeros(count, dtype=np.bool_)
                found.judged[metric] = JudgedColumn(score.rubric, *empty)
            found.judged[metric].values[place] = score.value
            found.judged[metric].judged[place] = True
        found.judged = dict(sorted(found.judged.items()))
        given: dict[tuple[int, int | None, str, str], float] = {}
        for run, place, rated in self._rated:
            other = None if rated.other is None else places.get(place_name(run, rated.other))
            if rated.other is None or other is not None:
                given[place, other, rated.rater, rated.rubric] = rated.value
        values: dict[Metric, dict[str, dict[int, list[float]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        for (place, other, rater, rubric), value in given.items():
            beside = "" if other is None else personas[persona[other]]
            values[Metric(rubric, beside)][rater][place].append(value)
            if other is None or place < other:  # a pair is there from both sides
                found.said.append(Said(place, other, rater, rubric, value))
        found.human = {
            metric: {
                rater: {place: math.fsum(each) / len(each) for place, each in words.items()}
                for rater, words in raters.items()
            }
            for metric, raters in values.items()
        }
        return found


def place_name(run: int, key: str) -> int:
    """Return what a record is found by, of all runs."""
    return short_hash(f"{run}/{key}".encode())
