"""Copies: samples of a cell that are one draw, told by their source, not by their looks.

Short replies coincide by themselves ("yes", "yes"), and dropping those makes 70 % against 30 % look like nothing. Only
what was drawn once counts once: answers with one request id, and requests without chance in them (temperature 0, top_k
1, one seed for all samples) at the questions the endpoint answers alike. And where nearly every cell holds one text
only, over all arms, chance was not at work, whatever the source says of it (`written_again`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing import sentences
from persona_batch.comparing.columns import Column
from persona_batch.comparing.corpus import Corpus
from persona_batch.comparing.written_again import CELL, LONG, written_again

Policy: TypeAlias = Literal["source", "once", "all"]
"""Which samples of a cell count once: those of one draw, all that are byte-identical, or none."""


@dataclass(frozen=True, slots=True)
class Copies:
    """`kept` marks the rows that count; the rest says what was found, for the reader.

    `luck` numbers what fixed the reply of each row, 0: it was drawn. Replies of one number are no draws of their own,
    however they were asked.
    """

    kept: NDArray[np.bool_]
    luck: Column
    notes: list[str]


def find_copies(corpus: Corpus, rows: Column, policy: Policy) -> Copies:
    """Return which of these records (numbers of the corpus, in an order that has samples ascending) count.

    A request without chance is judged per model and question, over all arms and runs alike: where any two of its
    replies are the same, each cell counts once, by its first sample; where all differ, the endpoint draws all the same
    and every sample counts. That depends on no label, so the permutation tests stay exact; a laxer rule does not do:
    two questions of twenty that are answered alike, and counted in full, make a claim of nothing hold in .6.
    """
    kept = np.ones(len(rows), dtype=np.bool_)
    notes: list[str] = []
    digest, draw, luck = corpus.digest[rows], corpus.draw[rows], corpus.luck[rows]
    if policy == "once":
        kept = _first(corpus, rows, digest)
        notes.extend(_told(int((~kept).sum()), sentences.COPIES_ONCE))
    if policy != "source" or not len(rows):
        return Copies(kept, luck if policy == "once" else np.zeros_like(luck), notes)
    fixed = luck != 0
    served = (draw != 0) & ~fixed & _names_one_answer(draw, digest)
    first = _first(corpus, rows, np.where(served, draw, np.arange(len(rows)) - len(rows)), digest)
    kept &= first
    notes.extend(_told(int((~first).sum()), sentences.COPIES_SERVED))
    drawn = _drawn(corpus, rows)
    notes.extend(_fixed(corpus, rows, drawn, kept))
    notes.extend(_written_again(corpus, rows, kept & (~fixed | drawn), kept))
    notes.extend(_cached(corpus, rows, kept))
    return Copies(kept, np.where(drawn, 0, luck), notes)


def _names_one_answer(draw: Column, digest: Column) -> NDArray[np.bool_]:
    """Mark the rows whose id never came with another reply: some endpoints give every answer the same."""
    pairs = np.unique(np.stack([draw, digest]), axis=1)[0]
    ids, count = np.unique(pairs, return_counts=True)
    return np.isin(draw, ids[count == 1])


def _again(corpus: Corpus, rows: Column) -> NDArray[np.bool_]:
    """Mark the samples of a cell that were asked after its first without chance in the request."""
    again: NDArray[np.bool_] = (corpus.luck[rows] != 0) & ~_first(corpus, rows, corpus.draw[rows])
    return again


def _drawn(corpus: Corpus, rows: Column) -> NDArray[np.bool_]:
    """Mark the rows of questions that were asked again without chance, and never answered alike."""
    fixed = corpus.luck[rows] != 0
    asked = np.stack([corpus.columns[name][rows] for name in ("model", "question")])
    _, question = np.unique(asked, axis=1, return_inverse=True)
    question = question.ravel()
    _, reply, times = np.unique(
        np.stack([question, corpus.digest[rows]])[:, fixed], axis=1, return_inverse=True, return_counts=True
    )
    drawn = np.zeros(question.max(initial=0) + 1, dtype=np.bool_)
    drawn[question[_again(corpus, rows)]] = True
    drawn[question[fixed][times[reply.ravel()] > 1]] = False
    return drawn[question]


def _fixed(corpus: Corpus, rows: Column, drawn: NDArray[np.bool_], kept: NDArray[np.bool_]) -> Iterator[str]:
    """Take out what a request without chance repeats, and say so."""
    again = _again(corpus, rows)
    kept &= ~again | drawn
    yield from _told(int((again & ~drawn).sum()), sentences.COPIES_FIXED)
    if (again & drawn).any():
        yield sentences.FIXED_BUT_DRAWN


def _written_again(
    corpus: Corpus, rows: Column, looked_at: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> Iterator[str]:
    """Take out what all cells together tell to be copies, and say so."""
    places = np.flatnonzero(looked_at)
    found = written_again(corpus, rows[places])
    if found.again.any():
        kept[places[found.again]] = False
        told = {"n": found.again.sum(), "equal": found.equal, "total": found.total}
        yield sentences.COPIES_WRITTEN.format(**{name: f"{count:,}" for name, count in told.items()})


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


def _first(corpus: Corpus, rows: Column, *marks: Column) -> NDArray[np.bool_]:
    """Mark the first row of each cell with these marks."""
    cells = np.stack([*(corpus.columns[name][rows] for name in CELL), *marks])
    order = np.lexsort([np.arange(len(rows)), *cells])
    first = np.ones(len(rows), dtype=np.bool_)
    first[order[1:]] = np.any(np.diff(cells[:, order], axis=1) != 0, axis=0)
    return first
