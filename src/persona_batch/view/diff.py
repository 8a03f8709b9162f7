"""Which parts of a reply are not in another: word by word, Chinese character by character."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

Part: TypeAlias = tuple[Literal["same", "new", "gone"], str]

_TOKEN = re.compile("\\s*(?:[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]|\\w+|[^\\w\\s])|\\s+")
MOST_TOKENS = 4_000  # beyond, the comparison of two texts takes too long to wait for


def difference(reference: str, text: str) -> Iterator[Part]:
    """Yield the parts of `text` in order, told apart by whether `reference` has them there; and what it lost.

    White space belongs to the word that follows it. Texts of more than 4,000 words are not taken apart.
    """
    old: list[str] = _TOKEN.findall(reference)
    new: list[str] = _TOKEN.findall(text)
    if len(old) + len(new) > MOST_TOKENS:
        if reference != text:
            yield "gone", reference
            yield "new", text
        else:
            yield "same", text
        return
    old_words, new_words = ([token.strip() for token in tokens] for tokens in (old, new))
    matcher = SequenceMatcher(None, old_words, new_words, autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield "same", "".join(new[new_start:new_end])
            continue
        if old_end > old_start:
            yield "gone", "".join(old[old_start:old_end])
        if new_end > new_start:
            yield "new", "".join(new[new_start:new_end])
