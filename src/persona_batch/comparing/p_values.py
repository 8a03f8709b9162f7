"""Permutation tests that respect the question, and corrections for many tests.

Signs of a question's difference are flipped, labels exchanged within it. p-values are (1 + exceedances) /
(1 + permutations), Phipson & Smyth 2010 (doi:10.2202/1544-6115.1585), or exact where all relabellings can be listed.
Missing p-values (NaN) are no tests: a correction leaves them out, and they stay missing.
"""

import hashlib
import math
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MIN_SIGN_FLIP = 6  # five questions cannot go below 2/2**5 = .0625
EXACT_UP_TO = 13  # 2**13 sign patterns are fewer than the default number of permutations
ALL_SPLITS_UP_TO = 5_000
_CHUNK = 1 << 24  # numbers held at once
TIE = 1e-9  # statistics closer than this, relative to their scale, are ties


def rng_for(seed: int, *names: str) -> np.random.Generator:
    """Return a generator that depends on the seed and the names alone, whatever else is computed."""
    digest = hashlib.blake2b("\0".join((str(seed), *names)).encode(), digest_size=16).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32).tolist())


def sign_flip(differences: Floats, permutations: int, rng: np.random.Generator) -> tuple[Floats, list[bool]]:
    """Two-sided sign-flip p of the mean of each column.

    Args:
        differences: (questions, tests), NaN where a question has no pair.
        permutations: Monte-Carlo flips where listing all is too much.
        rng: source of the flips.

    Returns:
        p per column (NaN with fewer than six questions) and whether it is exact.
    """
    present = np.isfinite(differences)
    filled = np.where(present, differences, 0.0)
    counts = present.sum(axis=0)
    p = np.full(differences.shape[1], np.nan)
    exact = (counts >= MIN_SIGN_FLIP) & (counts <= EXACT_UP_TO)
    for column in np.flatnonzero(exact):
        p[column] = _exact_sign_flip(differences[present[:, column], column])
    sampled = np.flatnonzero(counts > EXACT_UP_TO)
    if sampled.size:
        p[sampled] = _sampled_sign_flip(filled[:, sampled], permutations, rng)
    return p, exact.tolist()


def _exact_sign_flip(values: Floats) -> float:
    patterns = np.arange(1 << len(values))[:, None] >> np.arange(len(values)) & 1
    sums = np.abs((1.0 - 2.0 * patterns) @ values)
    return float(np.mean(sums >= abs(values.sum()) - TIE * np.abs(values).sum()))


def _sampled_sign_flip(values: Floats, permutations: int, rng: np.random.Generator) -> Floats:
    threshold = np.abs(values.sum(axis=0)) - TIE * np.abs(values).sum(axis=0)
    exceeded = np.zeros(values.shape[1])
    step = max(1, _CHUNK // max(values.shape))
    for start in range(0, permutations, step):
        rows = min(step, permutations - start)
        signs = 1.0 - 2.0 * rng.integers(0, 2, (rows, values.shape[0]), dtype=np.int8)
        exceeded += (np.abs(signs @ values) >= threshold).sum(axis=0)
    return (1.0 + exceeded) / (1.0 + permutations)


def splits(total: int, chosen: int, permutations: int, rng: np.random.Generator) -> tuple[NDArray[np.bool_], bool]:
    """Return ways to relabel `total` replies with `chosen` of them in the arm, and whether they are all there are.

    The first row is the observed labelling: the first `chosen`. When sampled there are `permutations` more rows.
    """
    if math.comb(total, chosen) <= ALL_SPLITS_UP_TO:
        picks = np.array(list(combinations(range(total), chosen)), dtype=np.intp).reshape(-1, chosen)
        labels = np.zeros((len(picks), total), dtype=np.bool_)
        np.put_along_axis(labels, picks, values=True, axis=1)
        return labels, True
    order = rng.random((permutations, total)).argsort(axis=1)
    labels = np.vstack([np.arange(total)[None, :] < chosen, order < chosen])
    return labels, False


def exceedance(observed: float, permuted: Floats, scale: float) -> float:
    """One-sided Monte-Carlo p of `observed` among `permuted`; ties, to rounding of `scale`, count against."""
    return float((1 + np.count_nonzero(permuted >= observed - TIE * scale)) / (1 + len(permuted)))


def holm(p: Floats) -> Floats:
    """Holm's step-down p-values: the family-wise error stays below the level (Holm 1979)."""
    adjusted = np.full(len(p), np.nan)
    tests = np.flatnonzero(np.isfinite(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return adjusted


def benjamini_hochberg(p: Floats) -> Floats:
    """Benjamini & Hochberg's step-up p-values: the expected share of false claims stays below the level (1995)."""
    adjusted = np.full(len(p), np.nan)
    tests = np.flatnonzero(np.isfinite(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    scaled = p[order] * len(order) / (1 + np.arange(len(order)))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return adjusted
