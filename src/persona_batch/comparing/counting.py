"""What became of each arm's cells: replies that count, losses, what is missing, and what stands beside nothing."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.columns import Column
from persona_batch.comparing.comparison import Arm
from persona_batch.comparing.corpus import STATUSES, Corpus
from persona_batch.comparing.layout import Layout
from persona_batch.comparing.moved import Moved


def count_arms(layout: Layout, moved: Mapping[str, Moved], unplanned: Collection[int] = ()) -> list[Arm]:
    """Return the arms with what became of each of their cells: nothing is silently dropped.

    Args:
        layout: the comparison.
        moved: questions that moved by themselves, by arm.
        unplanned: the runs of which no grid is known (imported results): nothing is missing there.
    """
    corpus, assignment = layout.corpus, layout.assignment
    statuses = np.zeros((len(layout.arms), len(STATUSES)), dtype=np.int64)
    known = assignment.arm >= 0
    np.add.at(statuses, (assignment.arm[known], corpus.columns["status"][known]), 1)
    told = np.stack([corpus.columns[name] for name in ("run", "question", "speaker")])
    speakers = np.unique(told, axis=1)
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
                missing=_missing(corpus, mine, speakers, unplanned),
                duplicates=duplicates,
                used=counts["ok"] + counts["truncated"] - duplicates,
                questions=len(asked),
                unpaired=0 if reference is None else len(asked - paired.get(number, set())),
                moved_at_least=moved[name].at_least if name in moved else None,
                moved_questions=moved[name].names if name in moved else None,
            )
        )
    return found


_SIDES = ("variant", "placement", "model", "factors")


def _missing(corpus: Corpus, mine: NDArray[np.bool_], speakers: Column, unplanned: Collection[int]) -> int:
    """Count cells that each persona's own grid has, run by run, and the records have not.

    Its questions, samples and contexts are crossed; which of the arm's speakers there are is each question's own.

    Args:
        corpus: the records.
        mine: which of them are the arm's.
        speakers: (run, question, speaker) of all that were asked, one a column.
        unplanned: runs that have no grid.
    """
    columns, total = corpus.columns, 0
    run_of, question_of, speaker_of = speakers
    heard = np.isin(speaker_of, np.unique(columns["speaker"][mine]))
    owner = np.stack([columns["persona"][mine], columns["run"][mine]])
    for persona, run in np.unique(owner, axis=1).T:
        if int(run) in unplanned:
            continue
        own = (owner[0] == persona) & (owner[1] == run)
        sides = np.stack([columns[name][mine][own] for name in _SIDES])
        contexts = np.unique(sides, axis=1).shape[1]
        questions = np.unique(columns["question"][mine][own])
        samples = len(np.unique(columns["sample"][mine][own]))
        asked = int((heard & (run_of == run) & np.isin(question_of, questions)).sum())
        total += max(0, contexts * samples * asked - int(own.sum()))  # more: a folder that holds two batches
    return total
