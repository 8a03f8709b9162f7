"""Whether what is compared came the same way: streamed, or in a provider's batch files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing import sentences
from persona_batch.comparing.layout import Layout
from persona_batch.wording import listed


@dataclass(frozen=True, slots=True)
class Way:
    """How the replies of one side came: so many of them in batch files."""

    name: str
    replies: int
    in_batches: int

    def __str__(self) -> str:
        if not self.in_batches:
            counts = sentences.STREAMED
        elif self.in_batches == self.replies:
            counts = sentences.IN_BATCHES
        else:
            counts = sentences.SOME_IN_BATCHES.format(n=f"{self.in_batches:,}", total=f"{self.replies:,}")
        return sentences.OF_ARM.format(arm=self.name, counts=counts)


def unlike(one: Way, other: Way) -> bool:
    """Whether some of the two sides' replies were streamed, and some came in batch files."""
    in_batches = one.in_batches + other.in_batches
    return 0 < in_batches < one.replies + other.replies and bool(one.replies and other.replies)


def way_note(reference: Way, others: list[Way]) -> str:
    """Return the sentence on sides that did not come the way of their reference."""
    return sentences.OTHER_WAYS.format(reference=reference, arms=listed(list(map(str, others))))


def other_ways(layout: Layout) -> list[str]:
    """Say which arms did not come as their reference did; of two runs, whether the later came as the earlier did."""
    corpus = layout.corpus
    replied = corpus.columns["text"] >= 0

    def way(name: str, mine: NDArray[np.bool_]) -> Way:
        replies = mine & replied
        return Way(name, int(np.count_nonzero(replies)), int(np.count_nonzero(replies & corpus.in_batches)))

    run = corpus.columns["run"]
    if run.any():
        before, after = way(corpus.runs[0], run == 0), way(corpus.runs[-1], run == 1)
        return [way_note(before, [after])] if unlike(before, after) else []
    apart: dict[int, list[Way]] = {}
    sides = {arm: way(name, layout.assignment.arm == arm) for arm, name in enumerate(layout.arms)}
    for arm, reference in layout.assignment.references.items():
        if unlike(sides[arm], sides[reference]):
            apart.setdefault(reference, []).append(sides[arm])
    return [way_note(sides[reference], others) for reference, others in apart.items()]
