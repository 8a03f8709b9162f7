"""What is left of a grid: its cells without those that have a record already."""

from collections.abc import Callable, Iterable, Iterator

from persona_batch.engine.progress import Progress
from persona_batch.plan.cell import Cell
from persona_batch.plan.key import KeySet

_BREATH = 256


def pending(
    keyed: Iterable[tuple[str, Callable[[], Cell]]], finished: KeySet, progress: Progress
) -> Iterator[Cell | None]:
    """Yield the cells that are not in `finished`, lazily, and count the others as skipped.

    `keyed` are keys, each with what makes its cell (`Grid.keyed`): a finished cell costs little more than its key.

    Yields None after every 256 skipped cells in a row, so that the event loop is not blocked while a
    million of them go by (`engine.base.Engine.run` passes over it).
    """
    skipped = 0
    for key, make in keyed:
        if key not in finished:
            skipped = 0
            yield make()
            continue
        progress.skip()
        skipped += 1
        if skipped % _BREATH == 0:
            yield None
