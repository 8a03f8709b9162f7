"""Worlds of people's ratings: how often luck is told as a preference, what intervals hold, and what is seen.

Of a pair each rater sees how much better the reply of p0 is: a preference that all questions share, one of each
question (half of the variance, so that some questions prefer the control), one of each pair, and what only this rater
sees. What is near to nothing they call a tie. Sides of the screen are drawn for each pair.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from benchmarks.simulate_claims import Held
from benchmarks.simulate_rows import LEVEL
from benchmarks.simulate_worlds import World
from persona_batch.comparing import Comparison, compare
from persona_batch.comparing.judged_scores import Scores, take_rating
from persona_batch.record import Record
from persona_batch.record.rating import Rating

QUESTION, PAIR, OWN = 0.7, 0.55, 0.45  # standard deviations; together 1
NEARLY = 0.385  # |z| that is called a tie: 30 % where nothing is preferred
CLEAR = 0.6  # a preference of so many standard deviations: 70 of 100 pairs


@dataclass(frozen=True, slots=True)
class Panel:
    """People who rate every pair of p0 and its control; `sided` of the raters always choose the left reply."""

    questions: int
    samples: int = 1
    shift: float = 0.0
    raters: int = 2
    sided: int = 0
    arms: int = 1

    @property
    def share(self) -> float:
        """The share of pairs in which p0 is preferred by those who look, a tie being half."""
        size = float(np.sqrt(QUESTION**2 + PAIR**2 + OWN**2))
        ends = special.ndtr([(self.shift - NEARLY) / size, (self.shift + NEARLY) / size])
        return float(ends.mean())

    def compared(self, rng: np.random.Generator) -> Comparison:
        """Return the comparison of one such run."""
        records = World(self.questions, self.samples, self.arms, base=20.0, sigma=3.0, question=0.0).records(rng)
        scores = Scores()
        for rating in self._ratings(records, rng):
            take_rating(scores, rating)
        return compare(records, scores=[scores], measures=["rated"], permutations=999, workers=1)

    def _ratings(self, records: list[Record], rng: np.random.Generator) -> Iterator[Rating]:
        beside = {(one.question, one.sample): one.key for one in records if one.persona == "none"}
        shared = {(one.persona, one.question): rng.normal(self.shift, QUESTION) for one in records}
        for one in records:
            if one.persona == "none":
                continue
            pair = shared[one.persona, one.question] + rng.normal(0.0, PAIR)
            left = rng.random() < 0.5
            other = beside[one.question, one.sample]
            for rater in range(self.raters):
                better = pair + rng.normal(0.0, OWN)
                word: Literal["a", "b", "tie"] = "tie" if abs(better) < NEARLY else "a" if better > 0 else "b"
                if rater < self.sided:
                    word = "a" if left else "b"
                yield Rating(key=one.key, other_key=other, rater=f"r{rater}", choice=word)


def ratings() -> Iterator[tuple[str, Held, float, float, float]]:
    """Yield rows: name, what a replicate gives, what it should be, tolerance, share of the replicates that are made."""
    for questions, samples in ((6, 1), (6, 5), (10, 3), (20, 1), (20, 5), (40, 2)):
        name = f"people, {questions} questions × {samples}"
        yield f"{name}, no preference", _significant(Panel(questions, samples)), LEVEL, 0.0, 1.0
        yield f"{name}: interval holds the truth", _holds(Panel(questions, samples)), 0.95, 0.03, 1.0
        clear = Panel(questions, samples, CLEAR)
        yield f"{name}, 70 of 100: interval holds the truth", _holds(clear), 0.95, 0.03, 1.0
    yield "people: 5 questions are never tested", _significant(Panel(5, 5, 3.0)), 0.0, 0.0, 0.2
    yield "people: both always choose the left reply", _significant(Panel(20, 2, CLEAR, sided=2)), LEVEL, 0.0, 1.0
    halved = (0.5 + Panel(20, 2, CLEAR).share) / 2
    yield (
        "people: share preferred, one in two always chooses left",
        _share(Panel(20, 2, CLEAR, sided=1)),
        halved,
        0.01,
        1.0,
    )
    yield "people: any of 20 personas is preferred", _any(Panel(12, 1, arms=20)), LEVEL, 0.0, 0.2
    for questions, samples, power in ((10, 1, 0.31), (20, 1, 0.64), (20, 3, 0.84), (40, 1, 0.93)):
        seen = _significant(Panel(questions, samples, CLEAR))
        yield f"power of people, 70 of 100, {questions} questions × {samples}", seen, power, 0.04, 1.0
    yield "people's scores, one strict rater, no difference", _scored(20), LEVEL, 0.0, 1.0


def _significant(panel: Panel) -> Held:
    def held(rng: np.random.Generator) -> float:
        row = panel.compared(rng).find("rated", "p0")
        return float(row is not None and row.p is not None and row.p <= LEVEL)

    return held


def _holds(panel: Panel) -> Held:
    def held(rng: np.random.Generator) -> float:
        row = panel.compared(rng).find("rated", "p0")
        assert row is not None
        assert row.interval is not None
        return float(row.interval.low <= panel.share - 0.5 <= row.interval.high)

    return held


def _share(panel: Panel) -> Held:
    def held(rng: np.random.Generator) -> float:
        row = panel.compared(rng).find("rated", "p0")
        assert row is not None
        assert row.arm_value is not None
        return row.arm_value

    return held


def _any(panel: Panel) -> Held:
    def held(rng: np.random.Generator) -> float:
        return float(any(row.p_bh is not None and row.p_bh <= LEVEL for row in panel.compared(rng).estimates))

    return held


def _scored(questions: int) -> Held:
    """Two raters, of whom one is strict and rates more of the persona: scores from 1 to 5, no difference."""

    def held(rng: np.random.Generator) -> float:
        records = World(questions, 2, base=20.0, sigma=3.0, question=0.0).records(rng)
        scores, level = Scores(), {one.question: rng.normal(3.0, 0.7) for one in records}
        for one in records:
            for rater, lower, chance in (("strict", 1.2, 0.9 if one.persona == "p0" else 0.6), ("mild", 0.0, 0.7)):
                if rng.random() < chance:
                    value = float(np.clip(np.round(level[one.question] - lower + rng.normal(0.0, 0.8)), 1, 5))
                    take_rating(scores, Rating(key=one.key, rater=rater, score=value))
        row = compare(records, scores=[scores], measures=["rated"], permutations=999, workers=1).find("rated", "p0")
        return float(row is not None and row.p is not None and row.p <= LEVEL)

    return held
