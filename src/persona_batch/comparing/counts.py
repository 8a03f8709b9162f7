"""What became of every cell of every arm: nothing is silently dropped."""

from collections.abc import Mapping

import numpy as np

from persona_batch.comparing.comparison import Arm
from persona_batch.comparing.corpus import STATUSES
from persona_batch.comparing.layout import Layout


def count_arms(layout: Layout, moved: Mapping[str, list[str] | None]) -> list[Arm]:
    """Return the arms with their counts.

    Args:
        layout: the comparison.
        moved: questions that moved by themselves, by arm.
    """
    corpus, assignment = layout.corpus, layout.assignment
    statuses = np.zeros((len(layout.arms), len(STATUSES)), dtype=np.int64)
    known = assignment.arm >= 0
    np.add.at(statuses, (assignment.arm[known], corpus.columns["status"][known]), 1)
    paired = {pair.arm: set(pair.question.tolist()) for pair in layout.pairs}
    found = []
    for number, name in enumerate(layout.arms):
        mine = assignment.arm == number
        asked = set(corpus.columns["question"][mine].tolist())
        reference = assignment.references.get(number)
        counts = dict(zip(STATUSES, statuses[number].tolist(), strict=True))
        duplicates = int(layout.duplicates[number])
        personas = sorted({corpus.names["persona"][place] for place in corpus.columns["persona"][mine].tolist()})
        found.append(
            Arm(
                name=name,
                role=layout.roles[number],
                reference=None if reference is None else layout.arms[reference],
                personas=personas,
                records=int(mine.sum()),
                ok=counts["ok"],
                truncated=counts["truncated"],
                filtered=counts["filtered"],
                empty=counts["empty"],
                errors=counts["error"],
                missing=_missing(layout, number),
                duplicates=duplicates,
                used=counts["ok"] + counts["truncated"] - duplicates,
                questions=len(asked),
                unpaired=0 if reference is None else len(asked - paired.get(number, set())),
                moved_questions=moved.get(name),
            )
        )
    return found


def _missing(layout: Layout, arm: int) -> int:
    """Count cells that each persona's own grid has (its questions, contexts and samples) and the records have not."""
    columns, total = layout.corpus.columns, 0
    mine = layout.assignment.arm == arm
    personas = columns["persona"][mine]
    for persona in np.unique(personas):
        own = personas == persona
        sides = np.stack([columns[name][mine][own] for name in ("run", "variant", "placement", "model", "speaker")])
        contexts = np.unique(sides, axis=1).shape[1]
        questions = len(np.unique(columns["question"][mine][own]))
        samples = len(np.unique(columns["sample"][mine][own]))
        total += max(0, contexts * questions * samples - int(own.sum()))  # more: a folder that holds two batches
    return total
