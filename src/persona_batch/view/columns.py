"""Texts side by side in columns of terminal cells: wide characters count two, marks none."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len

from persona_batch.view.palette import Palette
from persona_batch.view.terminal import TAB, fit, visible, wrap

GAP = " │ "
NARROWEST = 22  # cells of a column that can still be read
OPEN, CLOSE = "\ufff9", "\ufffb"  # stand around marked text; no width, and in no reply once `harmless` saw it


def harmless(text: str) -> str:
    """Return a reply without control sequences and without our marks."""
    return visible(text.replace(OPEN, "").replace(CLOSE, ""))


def fitting(width: int) -> int:
    """Return how many columns can be read at this width, at least one."""
    return max(1, (width + len(GAP)) // (NARROWEST + len(GAP)))


def side_by_side(titles: Sequence[str], texts: Sequence[str], palette: Palette, width: int) -> list[str]:
    """Return the lines of a band of columns: titles, a rule, the texts.

    Texts are harmless already; what stands between `OPEN` and `CLOSE` is painted. Titles are folded, never cut: two
    that begin in the same way stay two.
    """
    cells = (width - len(GAP) * (len(titles) - 1)) // len(titles)
    heads = [[palette.bold(fit(line, cells)) for line in wrap(title, cells)] for title in titles]
    columns = [_painted(text, palette, cells) for text in texts]
    return [*_rows(heads, cells), "─┼─".join("─" * cells for _ in titles), *_rows(columns, cells)]


def _rows(columns: Sequence[Sequence[str]], cells: int) -> Iterator[str]:
    for row in range(max(len(column) for column in columns)):
        yield GAP.join(column[row] if row < len(column) else " " * cells for column in columns).rstrip()


def _painted(text: str, palette: Palette, cells: int) -> list[str]:
    """Fold a text and pad its lines, then paint what was marked: paint moves no place where a line breaks."""
    plain, marked, inside = "", [], False
    for character in text.replace("\t", TAB):
        if character in (OPEN, CLOSE):
            inside = character == OPEN
        else:
            plain += character
            marked.append(inside)
    lines, place = [], 0
    for line in wrap(plain, cells):
        shown, paint = line.rstrip(), []
        for character in shown:  # folding leaves out spaces and line feeds, and nothing else
            place = plain.index(character, place) + 1
            paint.append(marked[place - 1])
        told = ""
        for good, part in groupby(zip(paint, shown, strict=True), key=itemgetter(0)):
            piece = "".join(character for _, character in part)
            told += palette.good(piece) if good else piece
        lines.append(told + " " * max(0, cells - cell_len(shown)))
    return lines
