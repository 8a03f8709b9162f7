"""What plots are drawn from: the facts of a report, the same for all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.comparison import Comparison
from persona_batch.comparing.series import Series
from persona_batch.record import Record
from persona_batch.record.manifest import Manifest
from persona_batch.reporting.data import Condition, Factor, Question
from persona_batch.reporting.gathering import Gathered


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known when the plots are drawn.

    `comparison` is of the run (of two: of the later against the earlier), None with more; `history` is there with more
    than two runs of one batch. `manifests` run parallel to the runs, None where a file of records has none beside it.
    Conditions and questions are numbered as in their lists.
    """

    manifests: Sequence[Manifest | None]
    comparison: Comparison | None
    history: Series | None
    factors: Sequence[Factor]
    conditions: Sequence[Condition]
    questions: Sequence[Question]
    gathered: Gathered

    @property
    def table(self) -> NDArray[np.void]:
        """A row a record, by question, condition and sample; NaN where nothing was reported.

        Fields: run, condition, question, sample, status (index in STATUSES), characters, ttft and latency
        (milliseconds), prompt_tokens, completion_tokens, started (seconds of Unix time).
        """
        return self.gathered.table

    def records(self, question: int) -> Iterator[tuple[int, Record]]:
        """Yield the records of a question, each with the number of its condition; read anew from the file."""
        return self.gathered.records(question)

    def address(
        self, question: int | None = None, condition: int | None = None, sample: int | None = None, view: str = "matrix"
    ) -> str:
        """Return the address of a cell within the page: `#view=matrix&q=view&c=pirate&s=0`."""
        named = {
            "view": view,
            "q": None if question is None else self.questions[question].id,
            "c": None if condition is None else self.conditions[condition].id,
            "s": sample,
        }
        return "#" + urlencode({name: value for name, value in named.items() if value is not None}, errors="replace")
