"""Texts side by side in columns of terminal cells: wide characters count two, marks none."""

from collections.abc import Sequence

from rich.cells import cell_len

from persona_batch.view.palette import Palette
from persona_batch.view.terminal import fit, visible, wrap

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

    Texts are harmless already; what stands between `OPEN` and `CLOSE` is painted.
    """
    cells = (width - len(GAP) * (len(titles) - 1)) // len(titles)
    columns = [_painted(wrap(text, cells), palette, cells) for text in texts]
    height = max(len(column) for column in columns)
    lines = [
        GAP.join(palette.bold(fit(title, cells)) for title in titles).rstrip(),
        "─┼─".join("─" * cells for _ in titles),
    ]
    lines.extend(
        GAP.join(column[row] if row < len(column) else " " * cells for column in columns).rstrip()
        for row in range(height)
    )
    return lines


def _painted(lines: Sequence[str], palette: Palette, cells: int) -> list[str]:
    """Pad each line, then turn marks into paint; a mark that is open at a line's end goes on in the next."""
    painted, inside = [], False
    for line in lines:
        pieces, rest = [], line.rstrip()
        while rest:
            mark = CLOSE if inside else OPEN
            piece, found, rest = rest.partition(mark)
            pieces.append(palette.good(piece) if inside else piece)
            inside = inside != bool(found)
        size = cell_len(line.rstrip().replace(OPEN, "").replace(CLOSE, ""))
        painted.append("".join(pieces) + " " * max(0, cells - size))
    return painted
