"""Distinctive words: log-odds with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words").

Counts are replies that hold the word, not occurrences, so that one rambling reply weighs no more than another. The
prior is the two arms' pooled counts, scaled to `PRIOR` words. A word is listed if its |z| beats the largest |z| of
95 % of relabellings within question: the chance that any word is listed by luck is 5 %.
"""

from array import array
from collections import defaultdict
from typing import TypeAlias

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import sparse

from persona_batch.comparing.comparison import DistinctiveWord, EffectSize, Estimate
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measures.base import Study, View, pair_names
from persona_batch.comparing.permutation import Floats, rng_for
from persona_batch.comparing.words import MISSING_SEGMENTER, han_segmenter, has_han, words_of

PRIOR = 500.0  # words; the strength of the prior, as in the paper's examples
RELABELLINGS = 999
MIN_REPLIES = 3  # a word in fewer replies cannot stand out
SHOWN = 12  # words per arm
LEVEL = 0.05
Scores: TypeAlias = NDArray[np.float32]

_CONTEXT = 32  # characters shown on either side
_CHUNK = 1 << 22


class Distinctive:
    """Measure 6."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._segment, self._dictionary = han_segmenter()
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__  # a new word gets the next number
        self._words = array("i")
        self._ends = array("q", [0])
        self._han_seen = False
        self.found: list[DistinctiveWord] = []

    @property
    def note(self) -> str | None:
        """What the reader should know about how Chinese was cut."""
        return MISSING_SEGMENTER if self._han_seen and not self._dictionary else None

    def see(self, view: View) -> None:
        for text in view.block.texts:
            self._words.extend(map(self._numbers.__getitem__, words_of(text, self._segment)))
            self._ends.append(len(self._words))
            self._han_seen = self._han_seen or (not self._dictionary and has_han(text))

    def estimates(self) -> list[Estimate]:
        layout = self._study.layout
        vocabulary = np.array(list(self._numbers), dtype=object)
        return [self._estimate(pair, vocabulary) for pair in layout.pairs]

    def _presence(self, rows: NDArray[np.int64]) -> sparse.csr_array:
        """Return which of these replies (rows) holds which word (columns)."""
        words, ends = np.frombuffer(self._words, dtype=np.intc), np.frombuffer(self._ends, dtype=np.int64)
        held = [words[ends[row] : ends[row + 1]] for row in rows]
        indices = np.concatenate([words[:0], *held])
        indptr = np.concatenate([[0], np.cumsum([len(part) for part in held])])
        ones = np.ones(len(indices), dtype=np.float32)
        return sparse.csr_array((ones, indices, indptr.astype(np.intc)), shape=(len(rows), len(self._numbers)))

    def _estimate(self, pair: Pair, vocabulary: NDArray[np.object_]) -> Estimate:
        arm, reference = pair_names(self._study.layout, pair)
        samples, reference_samples = self._study.layout.samples(pair)
        rows, stratum, mine = _members(self._study, pair)
        local = self._presence(rows)
        kept = np.flatnonzero(np.asarray(local.sum(axis=0)).ravel() >= MIN_REPLIES)
        facts = Estimate(
            measure="words",
            metric="distinctive words",
            arm=arm,
            reference=reference,
            unit="words",
            questions=pair.questions,
            samples=samples,
            reference_samples=reference_samples,
        )
        if len(kept) < 2 or samples < 2 or reference_samples < 2:
            return replace(facts, not_estimable="too few replies: no two words are in three of them")
        local = local[:, kept].tocsr()
        totals = np.asarray(local.sum(axis=0), dtype=np.float32).ravel()
        counts = local.T @ mine.astype(np.float32)
        z = _log_odds(counts[:, None], totals)[:, 0].astype(np.float64)
        rng = rng_for(self._study.seed, "words", arm, reference)
        relabellings = min(RELABELLINGS, self._study.permutations)
        largest = _largest(local, totals, stratum, mine, relabellings, rng)
        p = (1 + (largest[None, :] >= np.abs(z)[:, None] * (1 - 1e-5)).sum(axis=1)) / (1 + relabellings)
        order = [number for number in np.lexsort((vocabulary[kept].astype(str), -np.abs(z))) if p[number] <= LEVEL]
        for number in order[:SHOWN]:
            word = str(vocabulary[kept[number]])
            column = local[:, [number]].toarray().ravel() > 0
            question, shown = self._example(rows[column & (mine if z[number] > 0 else ~mine)], word)
            self.found.append(
                DistinctiveWord(
                    arm=arm,
                    word=word,
                    z=float(z[number]),
                    p=float(p[number]),
                    arm_replies=int(counts[number]),
                    reference_replies=int(totals[number] - counts[number]),
                    question=question,
                    shown=shown,
                )
            )
        strongest = int(np.argmax(np.abs(z)))
        return replace(
            facts,
            value=float(len(order)),
            p=float(p.min()),
            effect_size=EffectSize("largest |z|", float(abs(z[strongest]))),
            test="max-|z|, labels permuted within question",
        )

    def _example(self, rows: NDArray[np.int64], word: str) -> tuple[str, str]:
        """Return the question and the surroundings of the word in the first of these replies."""
        corpus, row = self._study.layout.corpus, self._study.layout.rows[rows[0]]
        text = corpus.texts.read([int(corpus.columns["text"][row])])[0]
        place = max(0, text.lower().find(word))
        start, end = max(0, place - _CONTEXT), min(len(text), place + len(word) + _CONTEXT)
        shown = " ".join(text[start:end].split())
        shown = ("…" if start else "") + shown + ("…" if end < len(text) else "")
        return corpus.names["question"][corpus.columns["question"][row]], shown


def _members(study: Study, pair: Pair) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the rows of a pair, stratum by stratum and the arm's first, with stratum and side of each."""
    layout = study.layout
    rows, strata, sides = [], [], []
    for number, groups in enumerate(zip(pair.arm_group, pair.reference_group, strict=True)):
        for group, side in zip(groups, (True, False), strict=True):
            places = np.arange(layout.start[group], layout.end[group])
            rows.append(places)
            strata.append(np.full(len(places), number))
            sides.append(np.full(len(places), side))
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    return np.concatenate(rows), np.concatenate(strata), np.concatenate(sides)


def _log_odds(counts: Scores, totals: Scores) -> Scores:
    """Return z per word (rows) and labelling (columns) from the arm's counts and those of both together."""
    prior = (totals * (PRIOR / totals.sum()))[:, None]
    mine, theirs = counts + prior, totals[:, None] - counts + prior
    arm_rest, other_rest = mine.sum(axis=0) - mine, theirs.sum(axis=0) - theirs
    scores: Scores = np.log(mine * other_rest / (arm_rest * theirs)) / np.sqrt(1 / mine + 1 / theirs)
    return scores


def _largest(
    presence: sparse.csr_array,
    totals: Scores,
    stratum: NDArray[np.int64],
    mine: NDArray[np.bool_],
    relabellings: int,
    rng: np.random.Generator,
) -> Floats:
    """Return the largest |z| over all words, per relabelling within strata."""
    transposed = presence.T.tocsr()
    found = []
    step = max(1, min(relabellings, _CHUNK // max(presence.shape)))
    for start in range(0, relabellings, step):
        size = min(step, relabellings - start)
        order = np.argsort(stratum[:, None] + rng.random((len(stratum), size)), axis=0)
        labels = np.zeros((len(stratum), size), dtype=np.float32)
        np.put_along_axis(labels, order[mine], 1.0, axis=0)
        found.append(np.abs(_log_odds(transposed @ labels, totals)).max(axis=0))
    return np.concatenate(found).astype(np.float64)
