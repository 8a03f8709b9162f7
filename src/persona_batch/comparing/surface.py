"""What a reply looks like: length, sentences, lists, markdown, scripts."""

import re

import numpy as np
from numpy.typing import NDArray

METRICS: tuple[tuple[str, str], ...] = (
    ("length", "characters"),
    ("sentences", "sentences"),
    ("lists", "share of replies"),
    ("markdown", "share of replies"),
    ("han", "share of letters"),
    ("latin", "share of letters"),
)
"""Name and unit of each number that `surface` returns."""

_SENTENCE_END = re.compile(r"[.!?…]+(?=[\s\"'”’)\]]|$)|[。！？]+|(?<=\w)\n+(?=\S)")
_LIST_ITEM = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)、])[ \t]+\S", re.MULTILINE)
_MARKDOWN = re.compile(r"^#{1,6} \S|\*\*\S|__\S|```|^>\s|^\|.*\|\s*$|\[[^\]\n]+\]\([^)\n]+\)", re.MULTILINE)
_LETTERS = re.compile(r"[^\W\d_]+")
_HAN = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_LATIN = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\uff21-\uff5a]+")


def surface(text: str) -> NDArray[np.float64]:
    """Return the numbers of `METRICS` for a reply."""
    letters = "".join(_LETTERS.findall(text))
    share = 1.0 / len(letters) if letters else 0.0
    sentences = len(_SENTENCE_END.findall(text))
    if text.strip() and not sentences:
        sentences = 1
    return np.array(
        [
            len(text),
            sentences,
            _LIST_ITEM.search(text) is not None,
            _MARKDOWN.search(text) is not None,
            sum(map(len, _HAN.findall(letters))) * share,
            sum(map(len, _LATIN.findall(letters))) * share,
        ],
        dtype=np.float64,
    )
