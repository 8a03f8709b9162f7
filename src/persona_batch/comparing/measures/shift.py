"""Shift: length, sentences, lists, markdown and scripts of the replies, arm minus reference.

Paired means per question, t-interval over questions, sign-flip p (Miller 2024, arXiv:2411.00640), and Cliff's delta
within each question, averaged.
"""

import re

import numpy as np

from persona_batch.comparing.comparison import EffectSize
from persona_batch.comparing.layout import Pair
from persona_batch.comparing.measure import SIGN_FLIP, Explanation, Findings, Measure, Study, View
from persona_batch.comparing.measures.loss import distorted, losses
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.paired import PairedTest, paired

METRICS: tuple[tuple[str, str], ...] = (
    ("length", "characters"),
    ("sentences", "sentences"),
    ("lists", "share of replies"),
    ("markdown", "share of replies"),
    ("han", "share of letters"),
    ("latin", "share of letters"),
)
"""Name and unit of each number that `surface` returns."""
CENSORED = ("length", "sentences")  # what a cut, or the loss of long replies, makes meaningless

_SENTENCE_ENDS = (re.compile(r"[.!?…]+(?=[\s\"'”’)\]]|$)"), re.compile("[。！？]+"))
_BARE_LINE_END = re.compile(r"(?<=\w)\n+(?=\S)")
_LIST_ITEM = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)、])[ \t]+\S", re.MULTILINE)
_MARKDOWN = re.compile(r"^#{1,6} \S|\*\*\S|__\S|```|^>\s|^\|.*\|\s*$|\[[^\]\n]+\]\([^)\n]+\)", re.MULTILINE)
_MARKS = "#*_`>|["  # no markdown without one of these
_LETTERS = re.compile(r"[^\W\d_]+")
_HAN = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_LATIN = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\uff21-\uff5a]+")


def surface(text: str) -> Floats:
    """Return the numbers of `METRICS` for a reply."""
    han, latin = _scripts(text)
    sentences = sum(len(end.findall(text)) for end in _SENTENCE_ENDS)
    if "\n" in text:
        sentences += len(_BARE_LINE_END.findall(text))
    if text.strip() and not sentences:
        sentences = 1
    return np.array(
        [
            len(text),
            sentences,
            _LIST_ITEM.search(text) is not None,
            any(mark in text for mark in _MARKS) and _MARKDOWN.search(text) is not None,
            han,
            latin,
        ],
        dtype=np.float64,
    )


def _scripts(text: str) -> tuple[float, float]:
    """Return the shares of Chinese and of Latin letters among all letters."""
    if text.isascii():
        return 0.0, float(_LATIN.search(text) is not None)
    letters = "".join(_LETTERS.findall(text))
    share = 1.0 / len(letters) if letters else 0.0
    return sum(map(len, _HAN.findall(letters))) * share, sum(map(len, _LATIN.findall(letters))) * share


class Shift(Measure):
    """What a reply looks like."""

    name = "shift"
    explanation = Explanation(
        definition=(
            "How the replies' length in characters, number of sentences, use of lists and of markdown, and share of "
            "Chinese and Latin letters differ."
        ),
        formula=(
            "d_q = mean over the arm's replies to q - mean over the reference's; value = mean_q d_q; Cliff's delta = "
            "mean_q (share of pairs with arm > reference - share with arm < reference)."
        ),
        test=f"{SIGN_FLIP} Interval: Student's t over questions.",
        source="Miller 2024, arXiv:2411.00640; Cliff 1993, doi:10.1037/0033-2909.114.3.494",
        per_question="d_q",
    )

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self._values = np.full((len(study.layout.rows), len(METRICS)), np.nan)

    def look(self, view: View) -> tuple[int, Floats]:
        return view.block.start, np.stack([surface(text) for text in view.block.texts])

    def keep(self, sight: tuple[int, Floats]) -> None:
        start, values = sight
        self._values[start : start + len(values)] = values

    def findings(self, part: int = 0) -> Findings:  # noqa: ARG002 - there is one
        layout = self.layout
        means = layout.group_means(self._values)
        tokens = layout.group_means(layout.corpus.tokens[layout.rows])
        shares, tests = losses(self), []
        for pair in layout.pairs:
            deltas, doubt = self._deltas(pair), distorted(self, pair, shares, self._values[:, 0])
            for number, (metric, unit) in enumerate(METRICS):
                effect = EffectSize("Cliff's delta", float(deltas[number])) if len(pair.question) else None
                arm, reference = means[pair.arm_group, number], means[pair.reference_group, number]
                test = PairedTest(pair, metric, unit, arm, reference, effect)
                test.not_estimable = doubt if metric in CENSORED else None
                test.replies = self._values[:, number]
                tests.append(test)
            if doubt is not None and np.isfinite(tokens).any():
                arm, reference = tokens[pair.arm_group], tokens[pair.reference_group]
                tests.append(PairedTest(pair, "tokens", "tokens, until the cut", arm, reference))
        return paired(self, tests)

    def _deltas(self, pair: Pair) -> Floats:
        """Cliff's delta of each metric, averaged over questions."""
        start, end = self.layout.start, self.layout.end
        strata = np.empty((len(pair.question), len(METRICS)))
        for place, (arm, reference) in enumerate(zip(pair.arm_group, pair.reference_group, strict=True)):
            mine = self._values[start[arm] : end[arm]]
            other = self._values[start[reference] : end[reference]]
            strata[place] = np.sign(mine[:, None, :] - other[None, :, :]).mean(axis=(0, 1))
        per_question = self.layout.by_question(pair, strata)
        return np.nanmean(per_question, axis=0) if len(pair.question) else np.full(len(METRICS), np.nan)


MEASURE = Shift
