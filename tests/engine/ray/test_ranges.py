import asyncio

from msgspec.structs import replace

from engine.cells import make_cell, make_cells
from persona_batch.engine.ray.ranges import Ranges
from persona_batch.plan.cell import Cell
from persona_batch.record import Record
from record.samples import make_record


def record_for(cell: Cell, *, failed: bool = False) -> Record:
    return replace(make_record(0, status="error" if failed else "ok"), key=cell.key)


def keys(cells: list[Cell]) -> list[str]:
    return [cell.key for cell in cells]


def test_ranges_are_cut_across_blocks_and_end() -> None:
    async def main() -> None:
        ranges = Ranges([make_cells(3), iter(()), [make_cell(3), make_cell(4)]])
        assert keys((await ranges.next(4))[0]) == keys([make_cell(number) for number in range(4)])
        assert keys((await ranges.next(4))[0]) == [make_cell(4).key]
        assert await ranges.next(4) == ([], [])
        assert ranges.exhausted

    asyncio.run(main())


def test_what_was_answered_elsewhere_is_not_handed_out_unless_it_failed() -> None:
    async def main() -> None:
        ranges = Ranges([make_cells(4)])
        answered = record_for(make_cell(1))
        ranges.add(answered)
        ranges.add(record_for(make_cell(2), failed=True))
        cells, records = await ranges.next(9)
        assert keys(cells) == keys([make_cell(0), make_cell(2), make_cell(3)])
        assert records == [answered]

    asyncio.run(main())


def test_two_who_draw_at_once_get_different_cells() -> None:
    async def main() -> None:
        ranges = Ranges([make_cells(4), make_cells(0), (make_cell(number) for number in range(4, 9))])
        drawn = await asyncio.gather(ranges.next(5), ranges.next(5))
        found = [key for cells, _ in drawn for key in keys(cells)]
        assert sorted(found) == sorted(keys([make_cell(number) for number in range(9)]))

    asyncio.run(main())
