"""Character 1- to 3-grams of a reply, weighted 1 + ln(count), rows of length 1: works for every script.

No document frequencies: a reply's row depends on that reply alone, so no value depends on who else is in the run, and
nothing is fitted to one side's labels, which would break the permutation tests (idf from the control alone rejects in
.24 where nothing differs). Sublinear term counts as in Manning, Raghavan & Schütze 2008, 6.4.1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from persona_batch.comparing.p_values import Floats

Grams = NDArray[np.uint64]
WIDTH, FOLDED = 2_048, 512
"""Hashed columns: with the many nothing is lost against the exact grams by simulation, with the few .02-.04."""
_BITS = np.uint64(21)  # a code point needs 21 bits, so three fit one number exactly


def grams_of(text: str) -> Grams:
    """Return the 1-, 2- and 3-grams of code points, each as one number, in no particular order."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    marked = points + np.uint64(1)  # a leading character is never 0, so lengths cannot be confused
    pairs = (marked[:-1] << _BITS) | points[1:]
    triples = (pairs[:-1] << _BITS) | points[2:]
    return np.concatenate([points, pairs, triples])


def _counted(grams: Grams) -> tuple[Grams, NDArray[np.int64]]:
    """Return the different grams, sorted, and how often each comes: `np.unique`, without its generality."""
    grams = np.sort(grams)
    first = np.flatnonzero(np.concatenate([np.ones(min(1, len(grams)), dtype=np.bool_), grams[1:] != grams[:-1]]))
    return grams[first], np.diff(first, append=len(grams))


def gram_rows(texts: Sequence[str]) -> tuple[sparse.csr_array, Grams]:
    """Return a row per text, of length 1 (0 for an empty text), and the n-gram of each column."""
    per_text = [_counted(grams_of(text)) for text in texts]
    sizes = np.array([len(grams) for grams, _ in per_text], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    vocabulary, indices = np.unique(
        np.concatenate([grams for grams, _ in per_text]) if per_text else np.zeros(0, dtype=np.uint64),
        return_inverse=True,
    )
    counts = np.concatenate([counts for _, counts in per_text]) if per_text else np.zeros(0)
    weights = 1.0 + np.log(counts)
    owner = np.repeat(np.arange(len(texts)), sizes)
    length = np.sqrt(np.bincount(owner, weights * weights, minlength=len(texts)))
    weights /= np.where(length > 0, length, 1.0)[owner]
    return sparse.csr_array((weights, indices, indptr), shape=(len(texts), len(vocabulary))), vocabulary


def distances(gram: Floats) -> Floats:
    """Return the Euclidean distance between each two rows, the upper triangle row by row, from their inner products."""
    norms = np.diag(gram)
    first, second = np.triu_indices(len(gram), 1)
    squares = norms[first] + norms[second] - 2.0 * gram[first, second]
    found: Floats = np.sqrt(np.maximum(np.where(squares < 1e-12, 0.0, squares), 0.0))
    return found


def hashed(rows: sparse.csr_array, vocabulary: Grams, width: int = WIDTH) -> NDArray[np.float32]:
    """Return the rows in `width` dimensions by signed hashing (Weinberger et al. 2009, arXiv:0902.2206)."""
    mixed = (vocabulary + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    place = (mixed >> np.uint64(33)).astype(np.int64) % width
    sign = np.where((mixed >> np.uint64(32)) & np.uint64(1), 1.0, -1.0)
    shape = (len(vocabulary), width)
    projection = sparse.csr_array((sign, place, np.arange(len(vocabulary) + 1)), shape=shape)
    return np.asarray((rows @ projection).todense(), dtype=np.float32)
