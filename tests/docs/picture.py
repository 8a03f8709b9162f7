"""Draws what a command prints on a terminal as an SVG: `python tests/docs/picture.py OUT.svg COMMAND…`.

The command really runs, on a pseudo-terminal of 80 columns; the picture needs no font but the reader's own.
"""

import io
import os
import pty
import re
import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

COLUMNS = 80


def printed(command: list[str]) -> str:
    """Return what the command writes to a terminal, escape sequences and all."""
    pieces: list[bytes] = []

    def read(terminal: int) -> bytes:
        piece = os.read(terminal, 65536)
        pieces.append(piece)
        return piece

    os.environ.update(COLUMNS=str(COLUMNS), TERM="xterm-256color", COLORTERM="truecolor")
    os.environ.pop("NO_COLOR", None)
    status = pty.spawn(command, read)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return b"".join(pieces).decode().replace("\r\n", "\n")


def picture(text: str, title: str) -> str:
    """Return the SVG, without the fonts that rich would fetch from elsewhere."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text), soft_wrap=True)
    svg = console.export_svg(title=title, theme=DIMMED_MONOKAI)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")


if __name__ == "__main__":
    out, *command = sys.argv[1:]
    Path(out).write_text(picture(printed(command), shlex.join(command)), encoding="utf-8")
