"""Pairwise choice: with one reply of each side to the same question, how often would a classifier tell which is which?

Kernel ridge on rows centred within the question, K' = K (1 + rho [same question]) scaled to a mean diagonal of 1, so
that it learns both what questions share and what is each question's own. Labels are 1 for the arm and -n/m for the
reference. Leave-pair-out in closed form (Airola et al. 2011, doi:10.1016/j.csda.2010.11.023): without the pair S the
scores are f_S = y_S - (P_SS)^-1 (P y)_S, P = (K' + lambda I)^-1. It stands at chance, whatever the cells' sizes, where
nothing differs: swapping the two held-out labels turns the outcome round.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from persona_batch.comparing.p_values import TIE, Floats, splits

RHO = 3.0  # what the same question weighs more
RIDGE = 10.0
DENSE = 640  # replies; beyond, by Woodbury's identity, for which rows are folded (`features.FOLDED`)
MOST = 16  # replies of a side taken from one stratum

Rows = NDArray[np.float32]


def has_few(samples: int, reference_samples: int) -> bool:
    """Whether a pair has so few replies that its kernel can be dense, and relabelled often."""
    return samples + reference_samples <= DENSE


@dataclass(frozen=True, slots=True)
class Side:
    """The replies of a stratum: hashed rows, the `arm` replies of the arm first."""

    question: int
    arm: int
    rows: Rows


def told_right(strata: Sequence[Side], relabellings: int, rng: np.random.Generator) -> Floats:
    """Return the share of pairs told right: (strata, 1 + relabellings), the observed labelling first; ties count half.

    Relabellings exchange labels within the stratum. Where all replies are alike everything is .5.
    """
    sizes = [len(side.rows) for side in strata]
    ends = np.cumsum(sizes)
    places = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    labels = np.zeros((int(ends[-1]), 1 + relabellings), dtype=np.bool_)
    for side, place, size in zip(strata, places, sizes, strict=True):
        order = np.hstack([np.arange(size)[:, None], rng.random((size, relabellings)).argsort(axis=0)])
        labels[place] = order < side.arm
    centred = np.vstack([side.rows - side.rows.mean(axis=0) for side in strata]).astype(np.float64)
    scale = (1.0 + RHO) * float(np.einsum("ij,ij->", centred, centred)) / len(centred)
    if scale <= 1e-12:
        return np.full((len(strata), 1 + relabellings), 0.5)
    centred /= np.sqrt(scale)
    targets = np.vstack(
        [
            np.where(labels[place], 1.0, -side.arm / max(1, size - side.arm))
            for side, place, size in zip(strata, places, sizes, strict=True)
        ]
    )
    blocks, solved = (_dense if len(centred) <= DENSE else _woodbury)(centred, places, targets)
    return np.stack(
        [
            _shares(block, solved[place], targets[place], labels[place])
            for block, place in zip(blocks, places, strict=True)
        ]
    )


def shared_shift(strata: Sequence[Side], permutations: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the p of what questions share, and how alike their shifts are (mean cosine of two questions).

    The shift u_q of a question is the mean of the arm's rows less that of the reference's; T = sum over two different
    questions of <u_q, u_r>, labels exchanged within the question. A small mark that all replies bear shows here, where
    the energies of single questions drown it. One-sided, ties count.
    """
    rows = np.vstack([side.rows for side in strata]).astype(np.float64)
    ends = np.cumsum([len(side.rows) for side in strata])
    weights = np.empty((1 + permutations, len(rows)))
    kernel = rows @ rows.T
    own = np.zeros(len(strata))
    for number, (side, end) in enumerate(zip(strata, ends, strict=True)):
        size = len(side.rows)
        place = slice(end - size, end)
        labels, complete = splits(size, side.arm, permutations, rng)
        table = np.where(labels, 1.0 / side.arm, -1.0 / (size - side.arm))
        drawn = rng.integers(0, len(table), permutations) if complete else np.arange(1, 1 + permutations)
        weights[:, place] = table[np.concatenate([[0], drawn])]
        own[number] = weights[0, place] @ kernel[place, place] @ weights[0, place]
        kernel[place, place] = 0.0
    found = np.einsum("ij,ij->i", weights @ kernel, weights)
    scale = float(np.abs(kernel).sum())
    p = float((1 + np.count_nonzero(found[1:] >= found[0] - TIE * scale)) / (1 + permutations))
    length = np.sqrt(np.maximum(own, 0.0))
    products = float(length.sum() ** 2 - own.sum())
    return p, float(found[0]) / products if products > 0 else 0.0


def _dense(centred: Floats, places: Sequence[slice], targets: Floats) -> tuple[list[Floats], Floats]:
    """Return the blocks of P of each stratum, and P y."""
    kernel = centred @ centred.T
    for place in places:
        kernel[place, place] *= 1.0 + RHO
    kernel[np.diag_indices_from(kernel)] += RIDGE
    inverse = linalg.inv(kernel, overwrite_a=True, check_finite=False)
    return [inverse[place, place] for place in places], inverse @ targets


def _woodbury(centred: Floats, places: Sequence[slice], targets: Floats) -> tuple[list[Floats], Floats]:
    """Do the same for many replies: K' + lambda I is block-diagonal plus a matrix of few columns."""
    own = []  # inverses of the diagonal blocks
    for place in places:
        block = RHO * (centred[place] @ centred[place].T)
        block[np.diag_indices_from(block)] += RIDGE
        own.append(linalg.inv(block, overwrite_a=True, check_finite=False))
    spread = np.vstack([block @ centred[place] for block, place in zip(own, places, strict=True)])
    middle = centred.T @ spread
    middle[np.diag_indices_from(middle)] += 1.0
    inverse = linalg.inv(middle, overwrite_a=True, check_finite=False)
    turned = spread @ inverse
    blocks = [block - turned[place] @ spread[place].T for block, place in zip(own, places, strict=True)]
    solved = np.vstack([block @ targets[place] for block, place in zip(own, places, strict=True)])
    return blocks, solved - turned @ (spread.T @ targets)


def _shares(block: Floats, solved: Floats, targets: Floats, labels: NDArray[np.bool_]) -> Floats:
    """Return the share of a stratum's pairs told right, for each labelling (column)."""
    own = np.diag(block)
    left, right, cross = own[:, None, None], own[None, :, None], block[:, :, None]
    first, second = solved[:, None, :], solved[None, :, :]
    pull = (first * (right + cross) - second * (left + cross)) / np.where(
        np.eye(len(own), dtype=np.bool_)[:, :, None], 1.0, left * right - cross * cross
    )
    margin = targets[:, None, :] - targets[None, :, :] - pull
    won = np.where(np.abs(margin) <= 1e-9, 0.5, margin > 0)
    counted = labels[:, None, :] & ~labels[None, :, :]
    shares: Floats = (won * counted).sum(axis=(0, 1)) / counted.sum(axis=(0, 1))
    return shares
