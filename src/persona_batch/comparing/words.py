"""Words of a reply, for every script: Chinese by `rjieba` where it is installed, else by pairs of characters."""

import re
from collections.abc import Callable
from importlib.util import find_spec

_PIECE = re.compile(
    "(?P<han>[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)|(?P<word>[^\\W\\d_]+(?:['’][^\\W\\d_]+)*)"
)

MISSING_SEGMENTER = (
    "Chinese words are shown as pairs of characters; for real words: pip install 'persona-batch[analysis]'"
)

Segmenter = Callable[[str], list[str]]


def han_segmenter() -> tuple[Segmenter, bool]:
    """Return how runs of Chinese characters are cut into words, and whether that is by a dictionary."""
    if find_spec("rjieba") is None:
        return _pairs, False
    import rjieba

    cut: Segmenter = rjieba.cut
    return cut, True


def words_of(text: str, segment: Segmenter) -> list[str]:
    """Return the distinct words of a text in lower case, in order, Chinese cut by `segment`."""
    pieces = _PIECE.findall(text.lower())
    if not any(han for han, _ in pieces):
        return list(dict.fromkeys(word for _, word in pieces))
    found: dict[str, None] = {}
    for han, word in pieces:
        found.update(dict.fromkeys(segment(han)) if han else {word: None})
    return list(found)


def has_han(text: str) -> bool:
    """Say whether there is any Chinese character."""
    return any(piece.lastgroup == "han" for piece in _PIECE.finditer(text))


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(max(1, len(run) - 1))]
