"""Corrections for many tests; missing p-values (NaN) are no tests and stay missing."""

import numpy as np

from persona_batch.comparing.permutation import Floats


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
