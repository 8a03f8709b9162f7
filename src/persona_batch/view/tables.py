"""Plain tables, aligned in cells: wide characters count two. No borders, so that they can be cut and pasted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len

from persona_batch.view.palette import Palette
from persona_batch.view.terminal import fit, one_line

GAP = "  "
NARROWEST = 6  # cells that a shrinking column keeps


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `shrinks`: it gives way when the table is wider than the terminal."""

    title: str
    align: Literal["left", "right"] = "left"
    shrinks: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], palette: Palette, width: int | None = None) -> str:
    """Return a table that ends with a line feed; cells are made harmless and put on one line.

    With `width` (cells), columns that shrink are cut so that the table fits, if they can be cut so far.
    """
    body = [[one_line(cell) for cell in row] for row in rows]
    widths = [
        max([cell_len(column.title), *(cell_len(row[place]) for row in body)]) for place, column in enumerate(columns)
    ]
    if width is not None:
        _shrink(widths, columns, width)
    head = palette.bold(_row([column.title for column in columns], columns, widths))
    return "\n".join([head, *(_row(row, columns, widths) for row in body)]) + "\n"


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = (
        " " * (width - cell_len(cell)) + cell
        if column.align == "right" and cell_len(cell) <= width
        else fit(cell, width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    )
    return GAP.join(padded).rstrip()


def _shrink(widths: list[int], columns: Sequence[Column], width: int) -> None:
    """Take what is too much from the widest of the shrinking columns, cell by cell."""
    shrinking = [place for place, column in enumerate(columns) if column.shrinks]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    while excess > 0 and shrinking:
        widest = max(shrinking, key=lambda place: widths[place])
        if widths[widest] <= NARROWEST:
            return
        widths[widest] -= 1
        excess -= 1
