"""How far a run is: a bar on a terminal, else a line now and then.

A thread of its own redraws a few times a second from the counts of `Progress`, so that the times go on while
nothing arrives, and a token costs no drawing.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from persona_batch.engine.progress import Progress
from persona_batch.view.palette import Palette, is_dumb
from persona_batch.view.terminal import one_line, prose, tell, terminal_width

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

REDRAWS_PER_SECOND = 4
TICK = 0.5  # seconds between two looks at whether a line is due
SOONEST, FIRST, LATEST = 2.0, 10.0, 300.0  # seconds between two lines: at least, at the start, at most


class LiveDisplay:
    """Draws the progress of a run on `stream` (stderr) between entering and leaving.

    `bar`: whether a bar may be drawn, or only lines; by default, where the stream is a terminal. `enabled` false
    draws nothing but still passes notes on.
    """

    def __init__(
        self, palette: Palette, *, stream: TextIO | None = None, enabled: bool = True, bar: bool | None = None
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._palette = palette
        self._enabled = enabled
        self._bar = (self._stream.isatty() and not is_dumb(os.environ)) if bar is None else bar
        self._progress: Progress | None = None
        self._live: Live | None = None
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._enabled and self._bar:
            self._live = self._exit.enter_context(_live(self._stream, self._palette, self._renderable))
        elif self._enabled:
            self._exit.enter_context(_Lines(self._stream, lambda: self._progress))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; a bar is removed, lines stay."""
        self._exit.close()
        self._live = None

    def update(self, progress: Progress) -> None:
        """Draw this progress from now on; it is read again at every redraw, so one call is enough."""
        self._progress = progress

    def note(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        if self._live is None:
            tell(sentence, self._stream)
            return
        lines = prose(f"batch: {one_line(sentence)}", terminal_width(self._stream))
        self._live.console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)

    def _renderable(self) -> "RenderableType":
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        progress = self._progress
        if progress is None:
            return Text("")
        finished = progress.skipped + progress.done
        line = Table.grid(expand=True, padding=(0, 1, 0, 0))
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        line.add_row(ProgressBar(max(progress.total, 1), finished), Text(_counts(progress), style="bold"))
        waiting = waits_for(progress)
        return Group(line, Text(f"waiting for {waiting}", style="dim")) if waiting else line


class _Lines:
    """Writes a line when enough time has passed: soon at first, seldom in a run of hours."""

    def __init__(self, stream: TextIO, progress: Callable[[], Progress | None]) -> None:
        self._stream = stream
        self._read = progress
        self._leave = Event()
        self._thread = Thread(target=self._loop, name="progress-lines", daemon=True)
        self._began = self._last = time.monotonic()
        self._shown = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._leave.wait(TICK):
            progress = self._read()
            if progress is not None and self._due(progress, time.monotonic()):
                self._stream.write(f"batch: {line_of(progress)}\n")
                self._stream.flush()

    def _due(self, progress: Progress, now: float) -> bool:
        pause = now - self._last
        finished = progress.skipped + progress.done
        tenth = (finished - self._shown) * 10 >= progress.total > 0
        calm = min(LATEST, max(FIRST, (now - self._began) / 10))
        if pause >= calm or (tenth and pause >= SOONEST):
            self._last, self._shown = now, finished
            return True
        return False


def line_of(progress: Progress) -> str:
    """Return the progress as one line."""
    waiting = waits_for(progress)
    return _counts(progress) + (f" · waiting for {waiting}" if waiting else "")


def waits_for(progress: Progress) -> str | None:
    """Return what the run waits for, with the seconds left where they are known."""
    if progress.waiting_for is None:
        return None
    reason = one_line(progress.waiting_for)
    if progress.waiting_until is None:
        return reason
    return f"{reason} ({clock(max(0.0, progress.waiting_until - time.monotonic()))})"


def clock(seconds: float) -> str:
    """Return a duration as people read it: `0:42`, `1:04:09`, `2 d 3 h`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _counts(progress: Progress) -> str:
    finished = progress.skipped + progress.done
    share = 100 * finished // progress.total if progress.total else 100
    parts = [f"{finished:,}/{progress.total:,}", f"{share} %"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.retrying:
        parts.append(f"{progress.retrying:,} retrying")
    rate = progress.rate()
    if rate > 0:
        parts.append(f"{rate:,.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min")
    eta = progress.eta()
    if eta is not None:
        parts.append(f"{clock(eta)} left")
    return " · ".join(parts)


def _live(stream: TextIO, palette: Palette, renderable: Callable[[], "RenderableType"]) -> "Live":
    from rich.console import Console
    from rich.live import Live

    console = Console(file=stream, no_color=not palette.color, force_terminal=True, highlight=False)
    return Live(
        console=console,
        get_renderable=renderable,
        refresh_per_second=REDRAWS_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
