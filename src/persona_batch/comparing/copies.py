"""Copies: samples of a cell that are one draw, told by their source, not by their looks.

Short replies coincide by themselves ("yes", "yes"), and dropping those makes 70 % against 30 % look like nothing. Only
what was drawn once counts once: answers with one request id, and requests without chance in them (temperature 0, top_k
1, one seed for all samples) where the endpoint does answer them alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing import sentences
from persona_batch.comparing.corpus import Column, Corpus

Policy: TypeAlias = Literal["source", "once", "all"]
"""Which samples of a cell count once: those of one draw, all that are byte-identical, or none."""

ALIKE = 0.8  # of the cells of requests without chance that have one reply: the endpoint answers them alike
LONG = 80  # characters from which on two samples are hardly the same by chance
_CELL = ("run", "persona", "variant", "question", "speaker", "placement", "model", "params")


@dataclass(frozen=True, slots=True)
class Copies:
    """`kept` marks the rows that count; the rest says what was found, for the reader."""

    kept: NDArray[np.bool_]
    notes: list[str]


def find_copies(corpus: Corpus, rows: Column, policy: Policy) -> Copies:
    """Return which of these records (numbers of the corpus, in an order that has samples ascending) count.

    A request without chance is judged per run and model, over all arms alike: where most of its cells come out
    identical, each cell counts once, by its first sample; where they do not, the endpoint draws all the same and every
    sample counts. So no arm's replies decide by themselves what of them is counted.
    """
    kept = np.ones(len(rows), dtype=np.bool_)
    notes: list[str] = []
    digest, draw = corpus.digest[rows], corpus.draw[rows]
    if policy == "once":
        kept = _first(corpus, rows, digest)
        notes.extend(_told(int((~kept).sum()), sentences.COPIES_ONCE))
    if policy != "source" or not len(rows):
        return Copies(kept, notes)
    fixed = corpus.fixed[rows]
    served = (draw != 0) & ~fixed & _names_one_answer(draw, digest)
    first = _first(corpus, rows, np.where(served, draw, np.arange(len(rows)) - len(rows)), digest)
    kept &= first
    notes.extend(_told(int((~first).sum()), sentences.COPIES_SERVED))
    notes.extend(_fixed(corpus, rows, kept))
    notes.extend(_cached(corpus, rows, kept))
    return Copies(kept, notes)


def _names_one_answer(draw: Column, digest: Column) -> NDArray[np.bool_]:
    """Mark the rows whose id never came with another reply: some endpoints give every answer the same."""
    pairs = np.unique(np.stack([draw, digest]), axis=1)[0]
    ids, count = np.unique(pairs, return_counts=True)
    return np.isin(draw, ids[count == 1])


def _fixed(corpus: Corpus, rows: Column, kept: NDArray[np.bool_]) -> Iterator[str]:
    """Take out what a request without chance repeats, and say so."""
    fixed, draw = corpus.fixed[rows], corpus.draw[rows]
    cell = _numbered(corpus, rows, draw)
    first = _first(corpus, rows, draw)
    size = np.bincount(cell)[cell]
    replies = np.bincount(cell, _first(corpus, rows, draw, corpus.digest[rows]))[cell]
    where = np.stack([corpus.columns["run"][rows], corpus.columns["model"][rows]])
    once, drawn = 0, 0
    for place in np.unique(where[:, fixed], axis=1).T:
        mine = fixed & (size > 1) & (where == place[:, None]).all(axis=0)
        cells = mine & first
        if not cells.any():
            continue
        if np.mean(replies[cells] == 1) >= ALIKE:
            kept &= first | ~mine
            once += int((mine & ~first).sum())
        else:
            drawn += 1
    yield from _told(once, sentences.COPIES_FIXED)
    if drawn:
        yield sentences.FIXED_BUT_DRAWN


def _cached(corpus: Corpus, rows: Column, kept: NDArray[np.bool_]) -> Iterator[str]:
    """Say where long replies are identical though nothing tells why."""
    again = kept & ~_first(corpus, rows, corpus.digest[rows])
    numbers = corpus.columns["text"][rows[again]].tolist()
    long = sum(len(text) >= LONG for text in corpus.texts.read(numbers))
    if long:
        yield sentences.MAYBE_CACHED.format(n=f"{long:,}", long=LONG)


def _told(count: int, sentence: str) -> Iterator[str]:
    if count:
        yield sentence.format(n=f"{count:,}")


def _numbered(corpus: Corpus, rows: Column, *marks: Column) -> Column:
    """Number the cells, those with other marks apart."""
    cells = np.stack([*(corpus.columns[name][rows] for name in _CELL), *marks])
    _, number = np.unique(cells, axis=1, return_inverse=True)
    return number.ravel()


def _first(corpus: Corpus, rows: Column, *marks: Column) -> NDArray[np.bool_]:
    """Mark the first row of each cell with these marks."""
    cells = np.stack([*(corpus.columns[name][rows] for name in _CELL), *marks])
    order = np.lexsort([np.arange(len(rows)), *cells])
    first = np.ones(len(rows), dtype=np.bool_)
    first[order[1:]] = np.any(np.diff(cells[:, order], axis=1) != 0, axis=0)
    return first
