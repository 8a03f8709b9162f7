"""A watch that may be looked at every night: does what is measured still come from where it came from before?

Conformal Shiryaev-Roberts (Vovk, arXiv:1906.09256; e-detectors, arXiv:2203.03532; Ramdas et al., arXiv:2210.01948). If
nothing changes, the nights of a question can be exchanged. So tonight's place among all nights so far, told from the
*unordered* past, is an independent uniform number each night, and betting on it is a martingale under any noise: with
weights that sum to 1 over a year, the chance that the statistic ever reaches M/alpha is at most alpha/M. It looks back
over all nights, so that slow drift is found too (neighbours never show it).
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from persona_batch.comparing.p_values import TIE, Floats

DRAWS = 999
YEAR = 365  # nights of an account; then a fresh one is opened, and the past nights stay the reference
BETS = np.array([sign * size for size in (0.5, 1.0, 2.0, 3.0) for sign in (1.0, -1.0)])
SMALLEST = 0.5 / (DRAWS + 1)  # the p of a night beyond all others, on average


@dataclass(slots=True)
class Watch:
    """One series under watch. `evidence` is the statistic after the last night; `nights` are those it rests on."""

    name: str
    past: dict[str, list[Floats]] = field(default_factory=dict)
    bets: Floats = field(default_factory=lambda: np.zeros(len(BETS)))
    opened: int = 0  # nights in this account
    nights: int = 0

    @property
    def evidence(self) -> float:
        """The mean over the bets, which the threshold is for."""
        return float(self.bets.mean())

    def night(self, number: int, values: dict[str, Floats]) -> float | None:
        """Take in a night; return its p, None where there is nothing before it to compare with.

        Args:
            number: of the night, in the series of all nights; seeds the draws together with the watch's name.
            values: by question, one per reply; never empty.
        """
        known = {name: mine for name, mine in values.items() if self.past.get(name)}
        p = None
        if known:
            rng = _rng(self.name, number)
            p = _place([(self.past[name], mine) for name, mine in sorted(known.items())], rng)
            self._bet(p)
        for name, mine in values.items():
            self.past.setdefault(name, []).append(mine)
        self.nights += 1
        return p

    def _bet(self, p: float) -> None:
        if self.opened == YEAR:
            self.bets, self.opened = np.zeros(len(BETS)), 0
        self.opened += 1
        z = float(special.ndtri(1.0 - p))
        self.bets = (self.bets + weight(self.opened)) * np.exp(BETS * z - BETS * BETS / 2.0)

    def begin_anew(self, values: dict[str, Floats]) -> None:
        """Make this night the first: what follows an alarm is compared with the new state."""
        self.past = {name: [mine] for name, mine in values.items()}
        self.bets, self.opened, self.nights = np.zeros(len(BETS)), 0, 1

    def forget(self, question: str) -> None:
        """Begin a question anew, as after an edit."""
        self.past.pop(question, None)


def weight(night: int) -> float:
    """Return the stake that is added on a night, from 1; all stakes of a year sum to less than 1."""
    return 0.5 / YEAR + 0.5 / (night * (night + 1))


def nights_needed(threshold: float, questions: int) -> int | None:
    """Return after how many nights an alarm is possible at the earliest, the first one counted; None: not in a year.

    Args:
        threshold: what the evidence has to reach.
        questions: of the series; with few of them and few nights no night can stand out.
    """
    bets = np.zeros(len(BETS))
    for night in range(1, YEAR + 1):
        smallest = max(SMALLEST, 0.5 * math.exp(-questions * math.log(night + 1)))
        z = float(special.ndtri(1.0 - smallest))
        bets = (bets + weight(night)) * np.exp(BETS * z - BETS * BETS / 2.0)
        if bets.mean() >= threshold:
            return night + 1
    return None


def _rng(name: str, night: int) -> np.random.Generator:
    digest = hashlib.blake2b(f"{name}\0{night}".encode(), digest_size=16).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32).tolist())


def _place(questions: Sequence[tuple[list[Floats], Floats]], rng: np.random.Generator) -> float:
    """Return where tonight stands among the nights: the randomised p of a sum over questions, high where it is low.

    Where every night has as many replies to a question its nights are exchanged, else its replies.
    """
    observed, scale = 0.0, 0.0
    drawn = np.zeros(DRAWS)
    for past, mine in questions:
        pool = np.concatenate([*past, mine])
        middle = float(pool.mean())
        observed += float(mine.mean()) - middle
        scale += float(np.abs(pool - middle).max())
        if all(len(night) == len(mine) for night in past):
            means = pool.reshape(-1, len(mine)).mean(axis=1)
            drawn += means[rng.integers(0, len(means), DRAWS)] - middle
        else:
            drawn += pool[_subsets(len(pool), len(mine), rng)].mean(axis=1) - middle
    if scale == 0.0:
        return 0.5  # nothing ever differed; known from the unordered nights, so no bet is won by it
    tie = TIE * scale
    above, equal = np.count_nonzero(drawn > observed + tie), np.count_nonzero(np.abs(drawn - observed) <= tie)
    return float(above + max(rng.random(), 1e-6) * (1 + equal)) / (1 + DRAWS)


def _subsets(total: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return `DRAWS` subsets without repetition (rows), by Floyd's algorithm."""
    chosen = np.empty((DRAWS, size), dtype=np.int64)
    for place, last in enumerate(range(total - size, total)):
        pick = rng.integers(0, last + 1, DRAWS)
        taken = (chosen[:, :place] == pick[:, None]).any(axis=1)
        chosen[:, place] = np.where(taken, last, pick)
    return chosen
