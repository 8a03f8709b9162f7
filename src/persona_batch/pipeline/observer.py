"""Who watches a run: the pipeline tells, the command line draws."""

from typing import Protocol

from persona_batch.engine.progress import Progress
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.record import Record
from persona_batch.record.rundir import RunDir


class Observer(Protocol):
    """Callbacks of a run, all on the event loop's thread; they must be quick and must not raise."""

    def note(self, sentence: str, *, always: bool = False) -> None:
        """Tell the user something about the run: a warning, what a resume found; `always`: also under --quiet."""
        ...

    def begin(self, run: RunDir, grid: Grid, progress: Progress) -> None:
        """The run folder stands, asking begins; `progress` is live from now on."""
        ...

    def text(self, cell: Cell, text: str) -> None:
        """A piece of a reply came in (only where `wants_text`)."""
        ...

    def record(self, record: Record) -> None:
        """A cell was finished and is on disk."""
        ...

    @property
    def wants_text(self) -> bool:
        """Whether replies are to be streamed to this observer."""
        ...
