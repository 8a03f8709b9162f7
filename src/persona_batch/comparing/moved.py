"""Which questions moved: how many at least, and, where there are samples enough, which.

The count holds at any floor of the single tests: of Q questions N have p <= t; k have moved, at least, where so many
would by luck alone be rarer than the level (a closed test by the binomial; Goeman & Solari 2011, arXiv:1208.2841).
Names are claimed from the pooled null of all questions' relabellings, the observed among them, after
Benjamini-Hochberg (Storey & Tibshirani 2003, doi:10.1073/pnas.1530509100), and only with four samples a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from persona_batch.comparing.comparison import LEVEL
from persona_batch.comparing.energy import Energies
from persona_batch.comparing.p_values import TIE, Floats, benjamini_hochberg

THRESHOLDS = (0.01, 0.05, 0.2)


@dataclass(frozen=True, slots=True)
class Moved:
    """Which questions moved: `at_least` so many, with 95 % confidence; by name where there are samples enough."""

    at_least: int
    names: list[str] | None


def moved_of(energies: Energies, names: Sequence[str]) -> Moved:
    """Return what can be said of single questions; `names` are all the questions'."""
    return Moved(_count(energies), _names(energies, names))


def _count(energies: Energies) -> int:
    testable = energies.floor < 1.0
    if not testable.any():
        return 0
    p, floor = energies.p[testable], float(np.median(energies.floor[testable]))
    return max(_at_least(p, max(threshold, floor)) for threshold in THRESHOLDS)


def _at_least(p: Floats, threshold: float) -> int:
    below = int(np.count_nonzero(p <= threshold + TIE))
    for moved in range(below):
        quiet = len(p) - moved
        if special.bdtrc(below - moved - 1, quiet, min(threshold, 1.0)) > LEVEL / len(THRESHOLDS):
            return moved
    return below


def _names(energies: Energies, names: Sequence[str]) -> list[str] | None:
    able = energies.nameable
    if not able.any() or not len(energies.null):
        return None if not able.any() else []
    null = np.sort(energies.null)
    beyond = len(null) - np.searchsorted(null, energies.z[able] - TIE, side="left")
    adjusted = benjamini_hochberg(beyond / len(null))
    still = np.flatnonzero(energies.z[able] == 0.0)
    adjusted[still] = 1.0
    return [names[question] for question in energies.questions[able][adjusted <= LEVEL].tolist()]
