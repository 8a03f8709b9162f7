"""A run as it goes: how far it is (a bar on a terminal, else a line now and then), or its replies (`--watch`).

A thread of its own redraws a few times a second from the counts of `Progress`, so that the times go on while
nothing arrives, and a token costs no drawing.

Replies are shown as they come, one after the other though they are asked at the same time: one cell is in front and
streams; what the others bring meanwhile is held back, and shown when it is their turn. So no two replies mix, and
memory holds no more than the replies that are under way.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from persona_batch.engine.progress import Progress
from persona_batch.plan.cell import Cell
from persona_batch.pricing.money import cell
from persona_batch.record import Record
from persona_batch.view.palette import Palette, is_dumb
from persona_batch.view.terminal import cells_of, fit, one_line, prose, tell, terminal_width
from persona_batch.view.transcript import Page, StreamedReply, closing_line, messages_block, title_of, transcript
from persona_batch.wording import clock

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
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(
                    file=self._stream, no_color=not self._palette.color, force_terminal=True, highlight=False
                ),
                get_renderable=self._renderable,
                refresh_per_second=REDRAWS_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._exit.enter_context(self._live)
        elif self._enabled:
            self._exit.enter_context(_lines(self._stream, lambda: self._progress))
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


@contextmanager
def _lines(stream: TextIO, read: Callable[[], Progress | None]) -> Iterator[None]:
    """Write a line when enough time has passed: soon at first, seldom in a run of hours."""
    leave = Event()

    def write() -> None:
        began = last = time.monotonic()
        shown = 0
        while not leave.wait(TICK):
            progress, now = read(), time.monotonic()
            if progress is None:
                continue
            finished = progress.skipped + progress.done
            tenth = (finished - shown) * 10 >= progress.total > 0
            if now - last >= (SOONEST if tenth else min(LATEST, max(FIRST, (now - began) / 10))):
                last, shown = now, finished
                stream.write(f"batch: {line_of(progress)}\n")
                stream.flush()

    thread = Thread(target=write, name="progress-lines", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leave.set()
        thread.join()


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


def _counts(progress: Progress) -> str:
    finished = progress.skipped + progress.done
    share = 100 * finished // progress.total if progress.total else 100
    parts = [f"{finished:,}/{progress.total:,}", f"{share} %"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.retrying:
        parts.append(f"{progress.retrying:,} retrying")
    if progress.replicas is not None:
        parts.append(f"{progress.replicas} replicas")
    if progress.bill.priced or progress.bill.unknown:
        parts.append(cell(progress.bill.cost()) if progress.bill.priced else "cost unknown")
    rate = progress.rate()
    if rate > 0:
        parts.append(f"{rate:,.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min")
    eta = progress.eta()
    if eta is not None:
        parts.append(f"{clock(eta)} left")
    return " · ".join(parts)


@dataclass(slots=True)
class _Coming:
    cell: Cell
    pieces: list[str] = field(default_factory=list)


class Watch:
    """Shows transcripts on `stream` in the order in which their first token came."""

    def __init__(self, stream: TextIO, page: Page) -> None:
        self._stream = stream
        self._page = page
        self._coming: dict[str, _Coming] = {}  # by key, in order of appearance
        self._front: str | None = None  # the key of the one that streams
        self._finished: dict[str, Record] = {}  # ended while another was in front
        self._writer = StreamedReply(stream, page.width)

    def text(self, cell: Cell, delta: str) -> None:
        """Take the next piece of a reply."""
        if cell.key not in self._coming:
            self._coming[cell.key] = _Coming(cell)
        self._coming[cell.key].pieces.append(delta)
        if self._front is None:
            self._bring_forward()
        elif self._front == cell.key:
            self._writer.feed(delta)

    def record(self, record: Record) -> None:
        """Take a finished record: the end of its reply, or all of it when nothing was streamed."""
        self._finished[record.key] = record
        while self._finished and (self._front is None or self._front in self._finished):
            if self._front is not None:
                self._end(self._coming.pop(self._front), self._finished.pop(self._front))
            self._show_unstreamed()
            self._bring_forward()
        self._stream.flush()

    def close(self) -> None:
        """End what is in front, if the run was stopped in its midst."""
        if self._front is not None:
            self._writer.close()
            self._stream.write(self._page.palette.dim("cut off, and not recorded") + "\n\n")
            self._stream.flush()
            self._front = None

    def _bring_forward(self) -> None:
        self._front = next(iter(self._coming), None)
        if self._front is not None:
            coming = self._coming[self._front]
            self._stream.write(messages_block(coming.cell.messages, self._page, title_of(coming.cell)))
            self._writer = StreamedReply(self._stream, self._page.width)
            for piece in coming.pieces:
                self._writer.feed(piece)

    def _end(self, coming: _Coming, record: Record) -> None:
        self._writer.close()
        if "".join(coming.pieces) != record.reply:
            again = record.attempts > 1 or not record.reasoning  # else a thought that showed itself only at its end
            why = "asked again; the reply that was kept:" if again else "what came first was a thought; the reply is:"
            self._stream.write(self._page.palette.dim(why) + "\n")
            writer = StreamedReply(self._stream, self._page.width)
            writer.feed(record.reply)
            writer.close()
        self._stream.write(closing_line(record, self._page.palette, self._page.width) + "\n\n")

    def _show_unstreamed(self) -> None:
        for key in [key for key in self._finished if key not in self._coming]:
            self._stream.write(transcript(self._finished.pop(key), self._page) + "\n")


PATIENCE = 1.0  # seconds before there is a line at all


class Advance:
    """A line that says how far a computation is, on a terminal only, and that leaves nothing behind.

    Use as a context manager; call it with how many steps of how many are done.
    """

    def __init__(self, stream: TextIO, label: str, env: "dict[str, str]") -> None:
        self._stream, self._label = stream, label
        self._shows = stream.isatty() and not is_dumb(env)
        self._began, self._shown, self._thing = time.monotonic(), "", ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show("")

    def __call__(self, done: int, total: int) -> None:
        """Say so, when the share in per cent is another one."""
        if self._shows and time.monotonic() - self._began > PATIENCE:
            self._show(f"{self._label} {100 * done // max(1, total)} %")

    def count(self, done: int) -> None:
        """Say how many are done of nobody knows how many."""
        if self._shows and time.monotonic() - self._began > PATIENCE:
            self._show(f"{self._label} {self._thing}{done:,}")

    def about(self, thing: str) -> None:
        """Say at once what is begun: it may take long before anything of it is done."""
        if self._shows:
            self._thing = f"{fit(one_line(thing), 40).rstrip()}: "
            self._show(f"{self._label} {self._thing.removesuffix(': ')} …")

    def _show(self, text: str) -> None:
        if text != self._shown:
            self._stream.write("\r" + " " * cells_of(self._shown) + "\r" + text)
            self._stream.flush()
            self._shown = text
