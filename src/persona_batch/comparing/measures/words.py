"""Distinctive words: log-odds with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words").

Counts are replies that hold the word, not occurrences, so that one rambling reply weighs no more than another. The
prior is the two arms' pooled counts, scaled to `PRIOR` words. A word is listed if its |z| beats the largest |z| of
95 % of relabellings within question: the chance that any word is listed by luck is 5 %.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeAlias

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import sparse

from persona_batch.comparing import sentences
from persona_batch.comparing.comparison import LEVEL, DistinctiveWord, EffectSize, Estimate
from persona_batch.comparing.layout import Layout, Pair
from persona_batch.comparing.measure import WITHIN, Explanation, Findings, Measure, Study, View
from persona_batch.comparing.p_values import Floats, rng_for

PRIOR = 500.0  # words; the strength of the prior, as in the paper's examples
RELABELLINGS = 499
MIN_REPLIES = 3  # a word in fewer replies cannot stand out
SHOWN = 12  # words per arm
Scores: TypeAlias = NDArray[np.float32]

_Sight: TypeAlias = tuple[str, "array[int]", list[int], bool]  # words by lines, those of each reply, how many, Han
Segmenter: TypeAlias = Callable[[str], list[str]]

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_WORD = re.compile("[^\\W\\d_]+(?:['’][^\\W\\d_]+)*")
_ASCII_WORD = re.compile("[a-z]+(?:'[a-z]+)*")  # the same, much faster
_PIECE = re.compile(f"({_HAN.pattern})|({_WORD.pattern})")
_CONTEXT = 32  # characters shown on either side
_CHUNK = 1 << 22


class Distinctive(Measure):
    """Words that tell an arm from its reference, Chinese cut by `rjieba` where it is installed."""

    name = "words"
    explanation = Explanation(
        definition="Which words the arm's replies hold more, or less, often than the reference's.",
        formula=(
            "z = log-odds ratio of the numbers of replies that hold the word, with a Dirichlet prior of 500 words "
            "spread like both arms together, over its standard error."
        ),
        test=(
            f"{WITHIN} A word counts if its |z| beats the largest |z| of any word in 95 % of relabellings; "
            "the value is the number of such words, without those that as many replies hold on both sides."
        ),
        source="Monroe, Colaresi & Quinn 2008, doi:10.1093/pan/mpn018",
        per_question="none: a word is counted over all questions",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self._segment, self._dictionary = han_segmenter()
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__  # a new word gets the next number
        self._words = array("i")
        self._ends = array("q", [0])
        self._han_seen = False

    def look(self, view: View) -> _Sight:
        numbers: dict[str, int] = {}
        words, sizes = array("i"), []
        for text in view.block.texts:
            held = words_of(text, self._segment)
            words.extend([numbers.setdefault(word, len(numbers)) for word in held])
            sizes.append(len(held))
        han = not self._dictionary and any(map(has_han, view.block.texts))
        return "\n".join(numbers), words, sizes, han

    def keep(self, sight: _Sight) -> None:
        vocabulary, words, sizes, han = sight
        known = np.fromiter(map(self._numbers.__getitem__, vocabulary.split("\n")), dtype=np.intc)
        self._words.frombytes(known[np.frombuffer(words, dtype=np.intc)].tobytes())
        for size in sizes:
            self._ends.append(self._ends[-1] + size)
        self._han_seen = self._han_seen or han

    @property
    def parts(self) -> int:
        return max(1, len(self.layout.pairs))

    def findings(self, part: int = 0) -> Findings:
        vocabulary = np.array(list(self._numbers), dtype=object)
        found = Findings(notes=[sentences.NO_SEGMENTER] if self._han_seen and not part else [])
        for pair in self.layout.pairs[part : part + 1]:
            row, words = self._estimate(pair, vocabulary)
            found.estimates.append(row)
            found.words.extend(words)
        return found

    def _presence(self, rows: NDArray[np.int64]) -> sparse.csr_array:
        """Return which of these replies (rows) holds which word (columns)."""
        words, ends = np.frombuffer(self._words, dtype=np.intc), np.frombuffer(self._ends, dtype=np.int64)
        held = [words[ends[row] : ends[row + 1]] for row in rows]
        indices = np.concatenate([words[:0], *held])
        indptr = np.concatenate([[0], np.cumsum([len(part) for part in held])])
        ones = np.ones(len(indices), dtype=np.float32)
        return sparse.csr_array((ones, indices, indptr.astype(np.intc)), shape=(len(rows), len(self._numbers)))

    def _estimate(self, pair: Pair, vocabulary: NDArray[np.object_]) -> tuple[Estimate, list[DistinctiveWord]]:
        facts = self.row(pair, "distinctive words", "words")
        rows, stratum, mine = _members(self.layout, pair)
        local = self._presence(rows)
        kept = np.flatnonzero(np.asarray(local.sum(axis=0)).ravel() >= MIN_REPLIES)
        if len(kept) < 2 or facts.samples < 2 or facts.reference_samples < 2:
            return replace(facts, not_estimable=sentences.FEW_WORDS), []
        local = local[:, kept].tocsr()
        totals = np.asarray(local.sum(axis=0), dtype=np.float32).ravel()
        counts = local.T @ mine.astype(np.float32)
        z = _log_odds(counts[:, None], totals)[:, 0].astype(np.float64)
        rng = rng_for(self.study.seed, self.name, facts.arm, str(facts.reference))
        relabellings = min(RELABELLINGS, self.study.permutations)
        largest = _largest(local, totals, stratum, mine, relabellings, rng)
        p = (1 + (largest[None, :] >= np.abs(z)[:, None] * (1 - 1e-5)).sum(axis=1)) / (1 + relabellings)
        order = [number for number in np.lexsort((vocabulary[kept].astype(str), -np.abs(z))) if p[number] <= LEVEL]
        sides = int(mine.sum()), int((~mine).sum())
        more = counts / max(1, sides[0]) - (totals - counts) / max(1, sides[1])
        order = [
            number for number in order if z[number] * more[number] > 0
        ]  # else other words became more, no less of it
        found = []
        for number in order[:SHOWN]:
            word = str(vocabulary[kept[number]])
            column = local[:, [number]].toarray().ravel() > 0
            question, shown = self._example(rows[column & (mine if z[number] > 0 else ~mine)], word)
            found.append(
                DistinctiveWord(
                    arm=facts.arm,
                    word=word,
                    z=float(z[number]),
                    p=float(p[number]),
                    arm_replies=int(counts[number]),
                    reference_replies=int(totals[number] - counts[number]),
                    question=question,
                    shown=shown,
                    arm_total=sides[0],
                    reference_total=sides[1],
                )
            )
        strongest = int(np.argmax(np.abs(z)))
        row = replace(
            facts,
            value=float(len(order)),
            p=float(p.min()),
            effect_size=EffectSize("largest |z|", float(abs(z[strongest]))),
            test="max-|z|, labels permuted within question",
        )
        return row, found

    def _example(self, rows: NDArray[np.int64], word: str) -> tuple[str, str]:
        """Return the question and the surroundings of the word in the first of these replies."""
        corpus, row = self.layout.corpus, self.layout.rows[rows[0]]
        text = corpus.texts.read([int(corpus.columns["text"][row])])[0]
        place = max(0, text.lower().find(word))
        start, end = max(0, place - _CONTEXT), min(len(text), place + len(word) + _CONTEXT)
        shown = " ".join(text[start:end].split())
        shown = ("…" if start else "") + shown + ("…" if end < len(text) else "")
        return corpus.names["question"][corpus.columns["question"][row]], shown


MEASURE = Distinctive


def _members(layout: Layout, pair: Pair) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the rows of a pair, stratum by stratum and the arm's first, with stratum and side of each."""
    rows, strata, sides = [], [], []
    for number, groups in enumerate(zip(pair.arm_group[pair.own], pair.reference_group[pair.own], strict=True)):
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


def han_segmenter() -> tuple[Segmenter, bool]:
    """Return how runs of Chinese characters are cut into words, and whether that is by a dictionary."""
    if find_spec("rjieba") is None:
        return _pairs, False
    import rjieba

    cut: Segmenter = rjieba.cut
    return cut, True


def words_of(text: str, segment: Segmenter) -> list[str]:
    """Return the distinct words of a text in lower case, in order, Chinese cut by `segment`."""
    if not has_han(text):
        word = _ASCII_WORD if text.isascii() else _WORD
        return list(dict.fromkeys(word.findall(text.lower())))
    pieces = _PIECE.findall(text.lower())
    found: dict[str, None] = {}
    for han, word in pieces:
        found.update(dict.fromkeys(segment(han)) if han else {word: None})
    return list(found)


def has_han(text: str) -> bool:
    """Say whether there is any Chinese character."""
    return not text.isascii() and _HAN.search(text) is not None


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(max(1, len(run) - 1))]
