"""Plain tables, aligned in cells: wide characters count two. No borders, so that they can be cut and pasted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from rich.cells import cell_len

from persona_batch.view.palette import Palette
from persona_batch.view.terminal import fit, fitted, one_line, wrap

GAP = "  "
READABLE = 12  # cells that a shrinking column keeps in a table that fits
NARROWEST = 6  # and in one that is laid out in bands


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `shrinks`: it gives way when the table is wider than the terminal, by a cut or (`folds`) by lines."""

    title: str
    align: Literal["left", "right"] = "left"
    shrinks: bool = False
    folds: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], palette: Palette, width: int | None = None) -> str:
    """Return a table that ends with a line feed; cells are made harmless and put on one line.

    With `width` (cells), columns that shrink are cut so that the table fits. If that is not enough, it is laid out in
    bands of as many columns as fit, the first column before each: no number, name of a run or path is cut.
    """
    body = [[one_line(cell) for cell in row] for row in rows]
    widths = [
        max([cell_len(column.title), *(cell_len(row[place]) for row in body)]) for place, column in enumerate(columns)
    ]
    bands = [list(range(len(columns)))]
    if width is not None and not _shrink(widths, columns, width):
        widths = [
            min(cells, max(width // 3, NARROWEST)) if column.shrinks else cells
            for cells, column in zip(widths, columns, strict=True)
        ]
        bands = _bands(widths, width)
    return "\n".join(_band(band, columns, body, widths, palette) for band in bands)


def _bands(widths: Sequence[int], width: int) -> list[list[int]]:
    """Return the places of the columns of each band."""
    bands = [[0]]
    used = widths[0]
    for place in range(1, len(widths)):
        if used + len(GAP) + widths[place] > width and len(bands[-1]) > 1:
            bands.append([0])
            used = widths[0]
        bands[-1].append(place)
        used += len(GAP) + widths[place]
    return bands


def _band(
    places: Sequence[int],
    columns: Sequence[Column],
    body: Sequence[Sequence[str]],
    widths: Sequence[int],
    palette: Palette,
) -> str:
    shown, sizes = [columns[place] for place in places], [widths[place] for place in places]
    head = palette.bold(_row([column.title for column in shown], shown, sizes))
    told = [_told([row[place] for row in body], columns[place], widths[place]) for place in places]
    rows = (list(zip_longest(*cells, fillvalue="")) for cells in zip(*told, strict=True))
    return "\n".join([head, *(_row(line, shown, sizes) for lines in rows for line in lines)]) + "\n"


def _told(cells: Sequence[str], column: Column, width: int) -> list[list[str]]:
    """Return the lines of each cell of a column."""
    if column.folds:
        return [wrap(cell, width) for cell in cells]
    return [[cell] for cell in (fitted(cells, width) if column.shrinks else cells)]


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = (
        " " * (width - cell_len(cell)) + cell
        if column.align == "right" and cell_len(cell) <= width
        else fit(cell, width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    )
    return GAP.join(padded).rstrip()


def _shrink(widths: list[int], columns: Sequence[Column], width: int) -> bool:
    """Take what is too much from the widest of the shrinking columns, cell by cell; say whether the table fits then.

    If it does not, the widths stay as they are.
    """
    shrunk = list(widths)
    shrinking = [place for place, column in enumerate(columns) if column.shrinks]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    while excess > 0:
        widest = max(shrinking, key=lambda place: shrunk[place], default=None)
        if widest is None or shrunk[widest] <= READABLE:
            return False
        shrunk[widest] -= 1
        excess -= 1
    widths[:] = shrunk
    return True
