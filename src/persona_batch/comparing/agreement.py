"""How well people agree: Krippendorff's alpha for interval data (Krippendorff 2011), by the library of that name.

Of a pair neither reply is the first, so each enters in both orientations: by chance people agree on it in one half,
whatever they mostly prefer.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import combinations
from typing import Any

import numpy as np


def can_tell_agreement() -> bool:
    """Whether the library for Krippendorff's alpha is installed (extra `analysis`)."""
    return find_spec("krippendorff") is not None


def alpha(raters: Sequence[Mapping[Any, float]], *, pairs: bool = False) -> float | None:
    """Return Krippendorff's alpha of raters, each with a value by unit; of `pairs` the values lie from 0 to 1.

    None: nothing that two of them rated varies, or the library is not installed (`can_tell_agreement`).
    """
    units = sorted({unit for one in raters for unit in one}, key=str)
    table = np.array([[one.get(unit, np.nan) for unit in units] for one in raters], dtype=np.float64)
    if len(raters) < 2 or not units:
        return None
    shared = table[:, np.isfinite(table).sum(axis=0) >= 2]
    if pairs:
        shared = np.hstack([shared, 1.0 - shared])
    if shared.size == 0 or len(np.unique(shared[np.isfinite(shared)])) < 2:
        return None
    if not can_tell_agreement():
        return None
    import krippendorff

    found = float(krippendorff.alpha(reliability_data=shared, level_of_measurement="interval"))
    return round(found, 12)  # in whatever order the units come


def alike(raters: Sequence[Mapping[Any, float]]) -> float | None:
    """Return in what share of the cases in which two people rated the same they said the same; None: they never did."""
    same = [one[unit] == other[unit] for one, other in combinations(raters, 2) for unit in one.keys() & other.keys()]
    return sum(same) / len(same) if same else None
