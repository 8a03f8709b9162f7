"""The judgments and ratings of a run as numbers by record: what each reply was given, a metric for each rubric.

Of a rubric that was changed, the newest version counts. A rubric that several judges used is a metric for each, and a
model at two endpoints is two judges. Scores of one reply (several samples of a judge) are averaged; of a pairwise
rubric a reply has 1, ½ or 0 for preferred, tied or not, and two orders that disagree are a tie. What was said of a
reply counts for that reply only: a record whose reply is another now has to be judged anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from persona_batch.record.judgment import Judgment, judgments_at
from persona_batch.record.rating import Rating, read_ratings

REFUSED, PREFERRED, PARTS = " refused", " preferred to ", ": "
_WORDS = 400  # characters of a judge's words that are shown beside a reply
_WORTH = {"a": 1.0, "tie": 0.5, "b": 0.0}


class Score(NamedTuple):
    """One number about a reply (NaN: judged, but the words could not be read).

    Of a pair, `other` is the key of the record that it was set beside. The hashes tell which replies were judged; "":
    whichever there are.
    """

    metric: str
    value: float
    rubric: str = ""
    reply: str = ""
    other: str | None = None
    other_reply: str = ""


class Words(NamedTuple):
    """What a judge said of the reply with this hash; `text` has it under what it came to, `bare` alone.

    `metric` is the first of those that the words came to.
    """

    text: str
    reply: str = ""
    metric: str = ""
    bare: str = ""


class Rated(NamedTuple):
    """What one person gave a reply, by a rubric ("": it does not say which); of a pair, beside the record `other`."""

    rater: str
    value: float
    rubric: str = ""
    other: str | None = None


@dataclass(slots=True)
class Scores:
    """By record key: what judges gave it, their words, what people gave it; `beside`: keys of the others in pairs."""

    values: dict[str, list[Score]] = field(default_factory=lambda: defaultdict(list))
    words: dict[str, list[Words]] = field(default_factory=lambda: defaultdict(list))
    human: dict[str, list[Rated]] = field(default_factory=lambda: defaultdict(list))
    beside: set[str] = field(default_factory=set)


def read_scores(run: Path) -> Scores:
    """Return what the judgments and ratings of a run's folder say; none where there are none.

    Raises:
        UsageError: a file is damaged.
    """
    journal = judgments_at(run)
    found = scores_of(journal.read()) if journal.path.exists() else Scores()
    for rating in read_ratings(run):
        take_rating(found, rating)
    return found


def take_rating(found: Scores, rating: Rating) -> None:
    """Take in a rating; of a pair it says of both replies how they did beside the other."""
    if rating.choice is not None and rating.other_key is not None:
        worth = _WORTH[rating.choice]
        both = ((rating.key, rating.other_key, worth), (rating.other_key, rating.key, 1 - worth))
        for key, other, value in both:
            found.human[key].append(Rated(rating.rater, value, rating.rubric, other))
            found.beside.add(other)
    elif rating.score is not None:
        found.human[rating.key].append(Rated(rating.rater, rating.score, rating.rubric))


class _Judge(NamedTuple):
    rubric: str
    model: str
    endpoint: str


def scores_of(judgments: Iterable[Judgment]) -> Scores:
    """Return judgments as numbers."""
    newest: dict[_Judge, str] = {}
    held: dict[_Judge, list[Judgment]] = defaultdict(list)
    for judgment in judgments:
        who = _Judge(judgment.rubric, judgment.judge, judgment.endpoint)
        if newest.get(who) != judgment.rubric_hash:
            newest[who] = judgment.rubric_hash
            held[who] = []
        held[who].append(judgment)
    found = Scores()
    for who, given in held.items():
        _take(found, _named(who, held), given)
    return found


def _named(who: _Judge, judges: Iterable[_Judge]) -> str:
    """Return what a judge's metric is called: by its rubric, and as much more as tells it from others."""
    same = [one for one in judges if one.rubric == who.rubric]
    if len(same) == 1:
        return who.rubric
    alike = [one for one in same if one.model == who.model]
    return f"{who.rubric} by {who.model}" + (f" at {who.endpoint}" if len(alike) > 1 else "")


def _take(found: Scores, name: str, given: list[Judgment]) -> None:
    by_reply: dict[tuple[str, str, str | None, str | None], list[Judgment]] = defaultdict(list)
    for judgment in given:
        judged = (judgment.record_key, judgment.reply_hash, judgment.other_key, judgment.other_hash)
        by_reply[judged].append(judgment)
    refusals = any(judgment.refused for judgment in given)
    for (key, reply, other, other_reply), mine in by_reply.items():
        values = _preferred(name, mine) if other is not None else _scored(name, mine, refusals=refusals)
        rubric = mine[0].rubric
        found.values[key] += [
            Score(metric, value, rubric, reply, other, other_reply or "") for metric, value in values.items()
        ]
        if other is not None:
            found.beside.add(other)
        metric = next(iter(values), "")
        found.words[key] += [Words(head + words, reply, metric, words) for head, words in _said(values, mine)]


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
    by_sample: dict[int, list[Judgment]] = defaultdict(list)
    for judgment in given:
        by_sample[judgment.sample].append(judgment)
    worth = []
    for orders in by_sample.values():
        choices = {judgment.choice for judgment in orders}
        if len(orders) < 2 or None in choices:
            continue
        worth.append(_WORTH[str(choices.pop())] if len(choices) == 1 else 0.5)
    beside = given[0].other_persona or ""
    return {f"{name}{PREFERRED}{beside}": float(np.mean(worth)) if worth else np.nan}


def _said(values: Mapping[str, float], given: list[Judgment]) -> Iterator[tuple[str, str]]:
    """Yield what a judge's words came to, and the words: of a pair those of both orders, which may disagree."""
    told = ", ".join(f"{name} {'?' if np.isnan(value) else f'{value:g}'}" for name, value in values.items())
    seen = set()
    for judgment in given:
        if judgment.order in seen:
            continue
        seen.add(judgment.order)
        order = {"ab": " (standing first)", "ba": " (standing second)", None: ""}[judgment.order]
        yield f"{told}{order}: ", " ".join(judgment.reply.split())[:_WORDS]
