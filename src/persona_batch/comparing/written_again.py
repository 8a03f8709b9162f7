"""Replies that were written several times: told by all cells together, where no source tells them.

One cell of equal replies says nothing: short ones coincide. But where chance was at work, some cell has replies that
differ. So all cells of a model are looked at, over all arms alike: where the equal replies are too many for chance,
they are copies of one draw, as of a cache in front of the endpoint, or of a table that was written twice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.columns import Column, numbered
from persona_batch.comparing.corpus import Corpus

LONG = 80  # characters from which on two samples are hardly the same by chance
CELL = ("run", "persona", "variant", "question", "speaker", "placement", "model", "params", "factors")
_NEARLY = 0.9  # of the long replies of a model stand in cells of one text
_CELLS = 8  # of short replies, from which on it is no chance that all of them are like this


@dataclass(frozen=True, slots=True)
class WrittenAgain:
    """`again` marks the rows that are a copy; `equal` of `total` replies have an equal in their cell, 0: no copies."""

    again: NDArray[np.bool_]
    equal: int
    total: int


def written_again(corpus: Corpus, rows: Column) -> WrittenAgain:
    """Return which of these records (samples of a cell ascending) are copies, model by model.

    A cell counts once where nearly all cells of long replies hold one only; short replies coincide by themselves, so
    there it takes all cells, and eight of them. Where every reply of every cell was written a multiple of k times, k
    are one; of short replies eight cells must hold several. A persona that says the same to every question shows
    nothing: that is its voice. Where this errs (an endpoint that is certain of each answer), a claim takes more
    questions.
    """
    again = np.zeros(len(rows), dtype=np.bool_)
    if not len(rows):
        return WrittenAgain(again, 0, 0)
    cell = numbered([corpus.columns[name][rows] for name in CELL])
    text = numbered([cell, corpus.digest[rows]])
    in_cell, in_text = np.bincount(cell)[cell], np.bincount(text)[text]
    rank, one_voice = _rank(text), _one_voice(corpus, rows)
    equal = total = 0
    for model in np.unique(corpus.columns["model"][rows]):
        mine = (corpus.columns["model"][rows] == model) & (in_cell > 1)
        repeated, shows = mine & (in_text > 1), mine & ~one_voice
        if not shows.any() or (shows & repeated).sum() < _NEARLY * shows.sum():
            continue
        times = _times(corpus, rows[shows], cell[shows], in_cell[shows], in_text[shows])
        if times is None:
            continue
        copies = mine & (rank >= in_text // np.where(times == 0, in_text, times))
        again |= copies
        equal, total = equal + int(repeated.sum()), total + int(mine.sum())
    return WrittenAgain(again, equal, total)


def _times(corpus: Corpus, rows: Column, cell: Column, in_cell: Column, in_text: Column) -> int | None:
    """Return how often each reply was written, 0: as often as it is there; None: chance may have made them equal."""
    texts = corpus.texts.read(corpus.columns["text"][rows].tolist())
    long = np.array([len(text) >= LONG for text in texts], dtype=np.bool_)
    if long.sum() * 2 >= len(long):
        nearly = (in_text == in_cell).sum() >= _NEARLY * len(rows)
        several = _CELLS
    else:
        nearly = (in_text == in_cell).all() and len(np.unique(cell)) >= _CELLS
        several = len(np.unique(cell[in_text < in_cell]))
    if nearly:
        return 0
    if several < _CELLS:
        return None
    common = int(np.gcd.reduce(in_text))
    return common if common > 1 else None


def _one_voice(corpus: Corpus, rows: Column) -> NDArray[np.bool_]:
    """Mark the replies of those who say one and the same to several questions."""
    voice = numbered([corpus.columns[name][rows] for name in CELL if name != "question"])

    def kinds(of: Column) -> Column:
        pairs = numbered([voice, of])
        firsts = np.unique(pairs, return_index=True)[1]
        found: Column = np.bincount(voice[firsts])[voice]
        return found

    found: NDArray[np.bool_] = (kinds(corpus.digest[rows]) == 1) & (kinds(corpus.columns["question"][rows]) > 1)
    return found


def _rank(group: Column) -> Column:
    """Return the place of each row within its group, from 0, in the order of the rows."""
    order = np.argsort(group, kind="stable")
    begins = np.concatenate([[True], np.diff(group[order]) != 0])
    start = np.maximum.accumulate(np.where(begins, np.arange(len(group)), 0))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - start
    return rank
