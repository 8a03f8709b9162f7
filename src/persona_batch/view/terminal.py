"""What a terminal would do with text, made harmless and measured.

Replies, file names and error texts of endpoints are untrusted: a control sequence in them could recolour, retitle
or overwrite the user's terminal. Every control character but the line feed and the tab is shown as a visible
stand-in, character by character, so a sequence that is split between two pieces of a stream is caught as well.
"""

import os
import shutil
import sys
from typing import TextIO

from rich.cells import cell_len, split_graphemes

TAB = "    "  # a tab has no width of its own; in padded lines it stands as spaces

NEVER_FIRST = frozenset("，。、；：？！）》」』】〉”’…％")  # on a line
NEVER_LAST = frozenset("（《「『【〈“‘")

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},  # control pictures: ESC is ␛
    0x7F: "␡",
    **{code: f"<{code:02X}>" for code in range(0x80, 0xA0)},
    **{code: f"<U+{code:04X}>" for code in _BIDI},
}


def visible(text: str) -> str:
    """Return `text` with its control characters shown instead of obeyed; CR LF is a line feed."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def one_line(text: str) -> str:
    """Return `text` harmless and on one line, for table cells and status lines."""
    return " ".join(visible(text).split())


def wrap(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` cells, at spaces where there are any, else between graphemes.

    Wide characters count two cells, combining ones none. Spaces that begin a line are kept; a blank line stays.
    """
    lines: list[str] = []
    for line in text.replace("\t", TAB).split("\n"):
        lines.extend(_wrap_line(line, max(width, 2)))
    return lines


def fit(text: str, width: int) -> str:
    """Return `text` padded with spaces, or cut with an ellipsis, to exactly `width` cells."""
    size = cell_len(text)
    if size > width:
        text, size = _head(text, width - 1)
        text, size = f"{text}…", size + 1
    return text + " " * (width - size)


def terminal_width(stream: TextIO | None = None) -> int:
    """Return the columns of the terminal behind `stream` (stdout), else of stderr or stdin, else `COLUMNS` or 80."""
    if not os.environ.get("COLUMNS"):
        for candidate in (stream or sys.stdout, sys.stderr, sys.stdin):
            try:
                return os.get_terminal_size(candidate.fileno()).columns or 80
            except (OSError, ValueError):
                continue  # no terminal, or no file at all: the next may be one
    return shutil.get_terminal_size((80, 24)).columns


def _wrap_line(line: str, width: int) -> list[str]:
    if cell_len(line) <= width:
        return [line]
    spans, _ = split_graphemes(line)
    lines: list[str] = []
    first = used = 0  # where the line begins; its cells so far
    place, before = 0, 0  # the last place to break at, and the cells up to it
    last, last_cells = "", 0  # the grapheme before this one
    for start, end, cells in spans:
        this = line[start:end]
        if last == " " or (2 in (cells, last_cells) and this not in NEVER_FIRST and last not in NEVER_LAST):
            place, before = start, used
        while used + cells > width and start > first and this != " ":
            cut, kept = (place, before) if place > first else (start, used)
            lines.append(line[first:cut].rstrip(" "))
            first, used = cut, used - kept
        used += cells
        last, last_cells = this, cells
    lines.append(line[first:].rstrip(" "))
    return lines


def _head(text: str, width: int) -> tuple[str, int]:
    """Return the longest beginning of at most `width` cells, and its cells."""
    size = 0
    spans, _ = split_graphemes(text)
    for start, _end, cells in spans:
        if size + cells > width:
            return text[:start], size
        size += cells
    return text, size
