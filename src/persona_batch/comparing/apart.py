"""Why two arms have nothing to compare, and which questions are the same but for white space."""

from collections.abc import Iterator

import numpy as np

from persona_batch.comparing import sentences
from persona_batch.comparing.columns import column_of
from persona_batch.comparing.layout import Layout, Pair
from persona_batch.comparing.levels import factor_of


def why_unpaired(layout: Layout, pair: Pair) -> str:
    """Return why no question has a reply of both arms: no question in common, no model, no speaker, no level."""
    corpus = layout.corpus
    sides = [layout.rows[np.repeat(layout.group_arm == arm, layout.end - layout.start)] for arm in _arms(pair)]

    def common(column: str) -> bool:
        held = corpus.columns[column]
        return bool(np.intersect1d(held[sides[0]], held[sides[1]]).size)

    if not common("question"):
        return sentences.NOT_BOTH
    if not common("model"):
        return sentences.NO_MODEL
    if not common("speaker"):
        return sentences.NO_SPEAKER
    for column in map(column_of, corpus.factors):
        if not common(column):
            return sentences.NO_LEVEL.format(factor=factor_of(column))
    return sentences.NOT_ALIKE


def same_but_for_spaces(layout: Layout) -> Iterator[str]:
    """Say which questions stand beside nothing though the other side has them with other white space."""
    texts: dict[str, str] = {}
    for prompts in layout.corpus.prompts:
        texts |= prompts.question_texts()
    names, found = layout.corpus.names["question"], set()
    for pair in layout.pairs:
        asked = [set(layout.group_question[layout.group_arm == arm].tolist()) for arm in _arms(pair)]
        mine, theirs = (
            {
                " ".join(texts[names[question]].split()): names[question]
                for question in one - other
                if names[question] in texts
            }
            for one, other in (asked, asked[::-1])
        )
        found |= {mine[text] for text in mine.keys() & theirs.keys()}
    if found:
        named = sorted(found)
        shown = ", ".join(named[:6])
        more = len(named) - 6
        told = sentences.AND_MORE.format(names=shown, n=f"{more:,}") if more > 0 else shown
        yield sentences.SPACES.format(n=f"{len(named):,}", questions=told)


def _arms(pair: Pair) -> tuple[int, int]:
    return pair.arm, pair.reference
