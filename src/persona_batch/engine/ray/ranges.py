"""The cells of a run as they are handed out: in ranges, read as they are wanted."""

import asyncio
from collections.abc import Iterable, Iterator

from persona_batch.plan.cell import Cell
from persona_batch.record import Record


class Ranges:
    """Cuts the blocks of a grid into ranges; cells that were answered already, elsewhere, are in none.

    `exhausted`: there are no more cells.
    """

    def __init__(self, blocks: Iterable[Iterable[Cell]]) -> None:
        self.exhausted = False
        self._blocks = iter(blocks)
        self._block: Iterator[Cell] = iter(())
        self._answered: dict[str, Record] = {}
        self._turn = asyncio.Lock()

    def add(self, record: Record) -> None:
        """Take a record whose cell was not handed out yet; a failed one is none: it may be there to be asked anew."""
        if record.status != "error":
            self._answered[record.key] = record

    async def next(self, count: int) -> tuple[list[Cell], list[Record]]:
        """Return the next cells, so many as there are, and the records of those between them that have one."""
        cells: list[Cell] = []
        records: list[Record] = []
        async with self._turn:
            while len(cells) < count and not self.exhausted:
                cell = next(self._block, None)
                if cell is None:
                    self._take_block()
                    await asyncio.sleep(0)  # a million finished cells must not keep the loop from its work
                elif (record := self._answered.pop(cell.key, None)) is None:
                    cells.append(cell)
                else:
                    records.append(record)
        return cells, records

    def _take_block(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            self.exhausted = True
        else:
            self._block = iter(block)
