"""What an engine is: it is given cells and yields records, in whatever order they finish.

Engines never write: only the pipeline owns the sink.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from persona_batch.plan.cell import Cell
from persona_batch.record import Record


class Engine(Protocol):
    """Runs cells and yields one record for each that was finished."""

    def run(self, cells: Iterator[Cell | None]) -> AsyncIterator[Record]:
        """Yield a record per cell, as it finishes; `cells` is read lazily, and None in it is passed over.

        Closing the iterator stops taking cells.
        """
        ...
