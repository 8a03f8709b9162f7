"""Relabelling within the question: energies of an arm against its reference, and what they are by chance.

Energy (Székely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018) of a stratum as a U-statistic: E = 2A - B - C with A, B
and C the mean distance between, within the arm and within the reference. Each stratum's energy is standardised by the
mean and spread of its own relabellings, so that noisy questions and unequal cells do not drown the others:
T = sum of (E - mu) / s. p = (1 + exceedances) / (1 + permutations), Phipson & Smyth 2010. With one sample on a side
that side's within is 0: a weak test, but a true one; it has no size, so it is left out of A and E.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.p_values import TIE, Floats, splits

_CHUNK = 1 << 23  # numbers held at once


@dataclass(frozen=True, slots=True)
class Stratum:
    """Distances between all replies of a stratum (upper triangle), the `arm` replies of the arm first."""

    question: int
    arm: int
    reference: int
    distances: Floats


@dataclass(frozen=True, slots=True)
class Energies:
    """What relabelling found; the arrays run parallel to `questions`, the questions that could be tested.

    `energy` and `cross` are E and 2A averaged over a question's strata, NaN where a side has one sample. `p` is of
    each question alone, and can go no lower than `floor`; `z` is its standardised energy, and `null` are those of all
    relabellings of the questions with four samples a side (`nameable`), the observed ones included.
    """

    questions: NDArray[np.int64]
    energy: Floats
    cross: Floats
    total_p: float
    p: Floats
    floor: Floats
    z: Floats
    nameable: NDArray[np.bool_]
    null: Floats


@dataclass(slots=True)
class _Tally:
    """Sums over a question's strata; `drawn` are its standardised energies under the permutations."""

    strata: int = 0
    sized: int = 0
    energy: float = 0.0
    cross: float = 0.0
    z: float = 0.0
    p: float = 1.0
    floor: float = 1.0
    nameable: bool = True
    listed: Floats | None = None
    drawn: Floats | None = None


_Shape: TypeAlias = tuple[int, int]


def relabel(strata: Sequence[Stratum], permutations: int, rng: np.random.Generator) -> Energies:
    """Return the energies of the strata (none of them one against one) and their p-values.

    Args:
        strata: in a fixed order; those of one shape share their relabellings.
        permutations: joint relabellings of all strata.
        rng: source of the relabellings.
    """
    tallies: dict[int, _Tally] = defaultdict(_Tally)
    repeated = _repeated(strata)
    total = np.zeros(permutations)
    for (arm, reference), members in _by_shape(strata).items():
        labels, complete = splits(arm + reference, arm, permutations, rng)
        energies, cross = _energies(np.stack([stratum.distances for stratum in members]), labels, arm, reference)
        scale = 1e-12 + np.stack([stratum.distances for stratum in members]).sum(axis=1)
        for stratum, values, between, size in zip(members, energies, cross, scale, strict=True):
            z = _standardised(values, float(size))
            drawn = z[rng.integers(0, len(z), permutations)] if complete else rng.permutation(z[1:])
            total += drawn
            tally = tallies[stratum.question]
            tally.strata += 1
            tally.z += float(z[0])
            if min(arm, reference) > 1:
                tally.sized += 1
                tally.energy += float(values[0])
                tally.cross += 2.0 * float(between)
            tally.nameable &= min(arm, reference) >= 4
            if stratum.question in repeated:
                tally.drawn = drawn if tally.drawn is None else tally.drawn + drawn
            else:
                tally.listed = z
                tally.p = float(np.mean(z >= z[0] - TIE)) if z.any() else 1.0
                tally.floor = (2.0 if arm == reference and complete else 1.0) / len(z)
    return _collected(tallies, total)


def _collected(tallies: dict[int, _Tally], total: Floats) -> Energies:
    questions = np.array(sorted(tallies), dtype=np.int64)
    found = [tallies[int(question)] for question in questions]
    null = []
    for tally in found:
        if tally.drawn is not None:  # several strata: what they come to together
            tally.p = float((1 + np.count_nonzero(tally.drawn >= tally.z - TIE)) / (1 + len(total)))
            tally.floor = 1.0 / (1 + len(total))
            root = np.sqrt(tally.strata)
            tally.listed = np.append(tally.drawn, tally.z) / root
            tally.z /= root
        if tally.nameable and tally.listed is not None and tally.listed.any():
            null.append(tally.listed)
    observed = sum(tally.z * (np.sqrt(tally.strata) if tally.drawn is not None else 1.0) for tally in found)
    return Energies(
        questions=questions,
        energy=np.array([tally.energy / tally.sized if tally.sized else np.nan for tally in found]),
        cross=np.array([tally.cross / tally.sized if tally.sized else np.nan for tally in found]),
        total_p=float((1 + np.count_nonzero(total >= observed - TIE * max(1, len(found)))) / (1 + len(total))),
        p=np.array([tally.p for tally in found]),
        floor=np.array([tally.floor for tally in found]),
        z=np.array([tally.z for tally in found]),
        nameable=np.array([tally.nameable for tally in found], dtype=np.bool_),
        null=np.concatenate(null) if null else np.zeros(0),
    )


def _repeated(strata: Sequence[Stratum]) -> set[int]:
    """Return the questions that have several strata."""
    return {question for question, count in Counter(stratum.question for stratum in strata).items() if count > 1}


def _by_shape(strata: Sequence[Stratum]) -> dict[_Shape, list[Stratum]]:
    shapes: dict[_Shape, list[Stratum]] = defaultdict(list)
    for stratum in strata:
        shapes[stratum.arm, stratum.reference].append(stratum)
    return dict(sorted(shapes.items()))


def _standardised(energies: Floats, scale: float) -> Floats:
    """Return (E - mu) / s over the relabellings; zeros where no relabelling changes anything."""
    spread = float(energies.std())
    if spread <= TIE * scale:
        return np.zeros(len(energies))
    found: Floats = (energies - energies.mean()) / spread
    return found


def _energies(distances: Floats, labels: NDArray[np.bool_], arm: int, reference: int) -> tuple[Floats, Floats]:
    """Energy of each stratum (rows) under each relabelling (columns, the observed one first), and its mean A."""
    first, second = np.triu_indices(arm + reference, 1)
    own = -2.0 / (arm * (arm - 1)) if arm > 1 else 0.0
    other = -2.0 / (reference * (reference - 1)) if reference > 1 else 0.0
    found = np.empty((len(distances), len(labels)))
    step = max(1, _CHUNK // max(1, len(first)))
    for start in range(0, len(labels), step):
        left, right = labels[start : start + step][:, first], labels[start : start + step][:, second]
        weights = np.where(left & right, own, np.where(left ^ right, 2.0 / (arm * reference), other))
        found[:, start : start + step] = distances @ weights.T
    between = labels[0][first] ^ labels[0][second]
    return found, distances[:, between].mean(axis=1)


def energy_of(distances: Floats, arm: int, reference: int) -> tuple[float, float]:
    """Return E and 2A of one stratum, the arm's replies first; 0 within a side of one reply."""
    labels = np.arange(arm + reference)[None, :] < arm
    energies, between = _energies(distances[None, :], labels, arm, reference)
    return float(energies[0, 0]), 2.0 * float(between[0])


def flip_common(shifts: NDArray[np.float32], permutations: int, rng: np.random.Generator) -> float:
    """Return the p of what one reply a side can show: whether the questions' shifts have a direction in common.

    Args:
        shifts: (questions, features), arm minus reference.
        permutations: sign-flips.
        rng: source of the flips.

    T = sum over two different questions of s_q s_r <u_q, u_r>; if the arm does nothing each shift could as well have
    the other sign. What differs from question to question in its own way is not seen.
    """
    gram = shifts.astype(np.float64) @ shifts.T
    np.fill_diagonal(gram, 0.0)
    observed, exceeded = float(gram.sum()) - TIE * float(np.abs(gram).sum()), 0
    step = max(1, _CHUNK // max(1, len(gram)))
    for start in range(0, permutations, step):
        signs = 1.0 - 2.0 * rng.integers(0, 2, (min(step, permutations - start), len(gram)), dtype=np.int8)
        exceeded += int(np.count_nonzero(np.einsum("pq,pq->p", signs @ gram, signs) >= observed))
    return (1 + exceeded) / (1 + permutations)
