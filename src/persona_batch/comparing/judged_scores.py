"""The judgments of a run as numbers by record: what judges gave each reply, a metric for each rubric.

Of a rubric that was changed, the newest version counts. A rubric that several judges used is a metric for each. Scores
of one reply (several samples of a judge) are averaged; of a pairwise rubric a reply has 1, ½ or 0 for preferred, tied
or not, and two orders that disagree are a tie.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from persona_batch.record.judgment import Judgment, judgments_at
from persona_batch.record.rating import read_ratings

REFUSED, PREFERRED, PARTS = " refused", " preferred to ", ": "
_WORDS = 400  # characters of a judge's words that are shown beside a reply
_WORTH = {"a": 1.0, "tie": 0.5, "b": 0.0}


@dataclass(slots=True)
class Scores:
    """By record key and metric: the score (NaN: judged, but the words could not be read), and the judges' words.

    `human` are people's mean ratings by kind ("": scores, `PREFERRED`: choices) and record key; `raters` the scores of
    each rater by record key.
    """

    values: dict[str, dict[str, float]] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    human: dict[str, dict[str, float]] = field(default_factory=dict)
    raters: dict[str, dict[str, float]] = field(default_factory=dict)


def read_scores(run: Path) -> Scores:
    """Return what the judgments of a run's folder say; none where there are none.

    Raises:
        UsageError: the file is damaged.
    """
    journal = judgments_at(run)
    found = scores_of(journal.read()) if journal.path.exists() else Scores()
    given: dict[str, dict[str, list[float]]] = {"": defaultdict(list), PREFERRED: defaultdict(list)}
    for rating in read_ratings(run):
        if rating.choice is not None:
            given[PREFERRED][rating.key].append(_WORTH[rating.choice])
        elif rating.score is not None:
            given[""][rating.key].append(rating.score)
            found.raters.setdefault(rating.rater, {})[rating.key] = rating.score
    found.human = {
        kind: {key: float(np.mean(scores)) for key, scores in by_key.items()}
        for kind, by_key in given.items()
        if by_key
    }
    return found


def scores_of(judgments: Iterable[Judgment]) -> Scores:
    """Return judgments as numbers."""
    newest: dict[tuple[str, str], str] = {}
    held: dict[tuple[str, str], list[Judgment]] = defaultdict(list)
    for judgment in judgments:
        who = (judgment.rubric, judgment.judge)
        if newest.get(who) != judgment.rubric_hash:
            newest[who] = judgment.rubric_hash
            held[who] = []
        held[who].append(judgment)
    judges = defaultdict(set)
    for rubric, judge in held:
        judges[rubric].add(judge)
    found = Scores()
    for (rubric, judge), given in held.items():
        name = rubric if len(judges[rubric]) == 1 else f"{rubric} by {judge}"
        by_record: dict[str, list[Judgment]] = defaultdict(list)
        for judgment in given:
            by_record[judgment.record_key].append(judgment)
        refusals = any(judgment.refused for judgment in given)
        for key, mine in by_record.items():
            values: dict[str, float] = {}
            for other in dict.fromkeys(judgment.other_persona for judgment in mine):
                beside = [judgment for judgment in mine if judgment.other_persona == other]
                values |= _preferred(name, beside) if other else _scored(name, beside, refusals=refusals)
            found.values.setdefault(key, {}).update(values)
            words = mine[0].reply.strip().replace("\n", " ")[:_WORDS]
            found.words.setdefault(key, []).append(f"{_told(values)}: {words}")
    return found


def _scored(name: str, given: list[Judgment], *, refusals: bool) -> dict[str, float]:
    known = [judgment.score for judgment in given if judgment.score is not None]
    values = {}
    if known or not all(judgment.refused for judgment in given):
        values[name] = float(np.mean(known)) if known else np.nan
    if refusals:
        values[name + REFUSED] = float(np.mean([judgment.refused for judgment in given]))
    parts = {part for judgment in given for part in judgment.scores}
    for part in sorted(parts):
        scores = [judgment.scores[part] for judgment in given if part in judgment.scores and judgment.score is not None]
        values[name + PARTS + part] = float(np.mean(scores)) if scores else np.nan
    return values


def _preferred(name: str, given: list[Judgment]) -> dict[str, float]:
    """Return how often a reply was preferred; two orders of one sample that disagree are a tie."""
    by_sample: dict[tuple[int, str | None], list[Judgment]] = defaultdict(list)
    for judgment in given:
        by_sample[judgment.sample, judgment.other_key].append(judgment)
    worth = []
    for orders in by_sample.values():
        choices = {judgment.choice for judgment in orders}
        if len(orders) < 2 or None in choices:
            continue
        worth.append(_WORTH[str(choices.pop())] if len(choices) == 1 else 0.5)
    return {f"{name}{PREFERRED}{given[0].other_persona or ''}": float(np.mean(worth)) if worth else np.nan}


def _told(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {'?' if np.isnan(value) else f'{value:g}'}" for name, value in values.items())
