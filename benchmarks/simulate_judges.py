"""Worlds of judges: how often scores that differ by luck are told as a difference, and what people's ratings correct.

A judge is biased by .35 on a truth of .5. Without ratings its interval hardly ever holds the truth; corrected by them
it does as often as it says.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.simulate_claims import Held
from benchmarks.simulate_rows import LEVEL
from benchmarks.simulate_worlds import World
from persona_batch.comparing import compare
from persona_batch.comparing.calibration import corrected
from persona_batch.comparing.intervals import t_interval
from persona_batch.comparing.judged_scores import Score, Scores
from persona_batch.record import Record

TRUTH, BIAS = 0.5, 0.35
QUESTIONS, SAMPLES = 20, 5
_ALIKE = World(questions=QUESTIONS, samples=SAMPLES)


def judges() -> Iterator[tuple[str, Held, float, float, float]]:
    """Yield rows: name, what a replicate gives, what it should be, tolerance, share of the replicates that are made."""
    yield "judged 0 to 3, no difference", _scored, LEVEL, 0.0, 1.0
    yield "judged in pairs by one that favours the first, no difference", _preferred, LEVEL, 0.0, 1.0
    yield "judge at .85, truth .5, not corrected: interval holds the truth, 20 questions", _as_judged, 0.06, 0.03, 1.0
    worlds = (
        ("20 questions, 20 rated", _corrected(20, 20, 0.3)),
        ("240 questions, 20 rated", _corrected(240, 20, 0.3)),
        ("240 questions, 20 rated, noisy judge", _corrected(240, 20, 1.5)),
    )
    for name, held in worlds:
        yield f"judge at .85, truth .5, corrected by ratings: interval holds the truth, {name}", held, 0.95, 0.03, 1.0


def _scored(rng: np.random.Generator) -> float:
    """Return whether scores of two arms that are alike, on a scale of four steps, are told apart."""
    records, scores, levels = _ALIKE.records(rng), Scores(), rng.normal(1.5, 0.7, QUESTIONS)
    for one in records:
        value = float(np.clip(np.round(levels[int(one.question[1:])] + rng.normal(0.0, 0.8)), 0, 3))
        scores.values[one.key] = [Score("role", value, "role")]
    return _significant(records, scores)


def _preferred(rng: np.random.Generator) -> float:
    """Return whether a judge that mostly names the first of two replies, in both orders, is taken to prefer one."""
    records, scores = _ALIKE.records(rng), Scores()
    beside = {(one.question, one.sample): one.key for one in records if one.persona == "none"}
    for one in records:
        if one.persona == "p0":
            first, second = rng.random() < 0.7, rng.random() >= 0.7  # the reply is preferred standing first, second
            value = (float(first) + float(second)) / 2
            scores.values[one.key] = [Score("better", value, "better", other=beside[one.question, one.sample])]
    return _significant(records, scores)


def _significant(records: list[Record], scores: Scores) -> float:
    row = compare(records, scores=[scores], measures=["judged"], permutations=999, workers=1).find("judged", "p0")
    assert row is not None
    return float(row.p is not None and row.p <= LEVEL)


def _world(rng: np.random.Generator, questions: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the true and the judged difference of each question."""
    effect = TRUTH + rng.normal(0.0, 0.4, questions)
    return effect, effect + BIAS + rng.normal(0.0, noise / np.sqrt(SAMPLES), questions)


def _as_judged(rng: np.random.Generator) -> float:
    interval = t_interval(_world(rng, QUESTIONS, 0.3)[1])
    assert interval is not None
    return float(interval.low <= TRUTH <= interval.high)


def _corrected(questions: int, rated: int, noise: float) -> Held:
    def held(rng: np.random.Generator) -> float:
        effect, judged = _world(rng, questions, noise)
        chosen = rng.permutation(questions)[:rated]
        human, same = np.full(questions, np.nan), np.full(questions, np.nan)
        replies = rng.normal(0.0, 0.5, rated)
        human[chosen] = effect[chosen] + replies
        same[chosen] = effect[chosen] + replies + BIAS + rng.normal(0.0, noise, rated)
        _, low, high, _ = corrected(judged, human, same, np.arange(questions))
        return float(low <= TRUTH <= high)

    return held
