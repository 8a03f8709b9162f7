"""What `batch run` shows: progress on stderr; replies (`--watch`), the closing table and the path on stdout."""

import gc
import shlex
import sys
from collections.abc import Sequence
from itertools import islice
from types import TracebackType
from typing import Self

from persona_batch.engine.progress import MOST_PERSONAS, PersonaTally, Progress, tally
from persona_batch.pipeline.sealing import Summary
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.pricing.price import PriceList
from persona_batch.record import USABLE, Record
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir
from persona_batch.record.spending import bill_of
from persona_batch.view.closing import Failures, persona_totals
from persona_batch.view.live import LiveDisplay, Watch
from persona_batch.view.palette import palette_for
from persona_batch.view.terminal import one_line, tell, terminal_width
from persona_batch.view.transcript import page_for
from persona_batch.wording import clock, counted

MOST_REREAD = 100_000  # records of earlier sessions that the closing table still includes


class RunDisplay:
    """An observer of the pipeline. Use as a context manager around the run, then call `finish`."""

    def __init__(self, *, quiet: bool, verbose: bool, progress: bool, watch: bool, max_cost: str | None = None) -> None:
        self._quiet, self._verbose = quiet, verbose
        self._live = LiveDisplay(palette_for(sys.stderr), enabled=progress and not quiet and not watch)
        self._watch = Watch(sys.stdout, page_for(sys.stdout)) if watch else None
        self._max_cost = max_cost
        self._personas: list[str] = []
        self._tallies: dict[str, PersonaTally] = {}
        self._failures = Failures()
        self._run: RunDir | None = None
        self._prices: Sequence[PriceList] = ()

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)
        if self._watch is not None and kind is None:
            self._watch.close()

    @property
    def wants_text(self) -> bool:
        """Replies are streamed only to be watched."""
        return self._watch is not None

    def note(self, sentence: str, *, always: bool = False) -> None:
        """Print a sentence on stderr; under --quiet only what must `always` be said."""
        if always or not self._quiet:
            self._live.note(sentence)

    def begin(self, run: RunDir, grid: Grid, progress: Progress) -> None:
        """Begin to draw."""
        gc.freeze()  # what is loaded by now stays; walking it again and again would delay time stamps
        self._run = run
        self._personas = list(islice(grid.persona_ids(), MOST_PERSONAS))
        self._tallies = progress.personas
        self._prices = progress.prices
        if self._verbose:
            self._live.note(
                f"{grid.count} cells at {grid.endpoint.identity} ({', '.join(grid.models)}), records in {run.records}"
            )
        self._live.update(progress)

    def text(self, cell: Cell, text: str) -> None:
        """Pass a piece of a reply on."""
        if self._watch is not None:
            self._watch.text(cell, text)

    def record(self, record: Record) -> None:
        """Take a finished cell; say at once what failed, if asked to say more."""
        if self._watch is not None:
            self._watch.record(record)
        if record.error is None:
            return
        self._failures.add(record.error)
        if self._verbose:
            self._live.note(
                f"failed: {record.persona} · {record.question} · sample {record.sample}: "
                f"{record.error.kind}: {one_line(record.error.message)}"
            )

    def finish(self, summary: Summary) -> None:
        """Print the closing table and the path on stdout, and how it ended on stderr."""
        width = terminal_width(sys.stdout) if sys.stdout.isatty() else None
        tallies = self._all_tallies(summary)
        if not self._quiet:
            palette = palette_for(sys.stdout)
            sys.stdout.write(persona_totals(tallies, self._personas, palette, width, cost=summary.cost))
        for line in _ending(
            summary, self._failures.reasons(), arms=len(tallies), quiet=self._quiet, max_cost=self._max_cost
        ):
            tell(line)
        sys.stdout.write(f"{summary.path}\n")

    def _all_tallies(self, summary: Summary) -> dict[str, PersonaTally]:
        if not summary.skipped or self._run is None or summary.skipped > MOST_REREAD:
            return self._tallies
        tallies: dict[str, PersonaTally] = {}
        for record in read_records(self._run.records):
            tally(tallies, record, bill_of(record, self._prices))
        return tallies


def stopped(summary: Summary) -> str:
    """Return why a call ended with work left: that results of batch files are to come is no trouble."""
    return f"{'submitted, not done' if summary.submitted else 'stopped early'}: {one_line(summary.message or '')}"


def goes_on(summary: Summary, max_cost: str | None) -> str:
    """Return how a run that stopped early goes on: under a budget of money, if it had one, for none is kept."""
    again = f"batch run --resume {shlex.quote(summary.path)}"
    if max_cost is None:
        return f"`{again}`"
    return f"`{again} --max-cost {shlex.quote(max_cost)}`, with a new budget that begins anew; without it there is none"


_NO_TEXT = {"filtered": "filtered by the endpoint", "empty": "with an empty reply"}
"""Statuses that are no failures and no replies to compare either, and what they mean."""


def _ending(summary: Summary, reasons: str, *, arms: int, quiet: bool, max_cost: str | None) -> list[str]:
    """Return how the run ended, and at the end what to do next."""
    lines, path = [], shlex.quote(summary.path)
    if summary.counts.get("error"):
        why = f" ({reasons})" if reasons else ""
        lines.append(
            f"{counted(summary.counts['error'], 'cell')} failed{why}: `batch show {path} --failed` shows them, "
            f"`batch run --resume {path} --retry-errors` asks them again"
        )
    if summary.exit_code == 100 and summary.checks.share is not None:
        lines.append(f"only {summary.checks.share:.1%} of the checks passed")
    if summary.message is not None:
        verb = "is" if summary.left == 1 else "are"
        left = f"{summary.left:,} of {counted(summary.cells, 'cell')} {verb} left"
        lines.append(f"{stopped(summary)}; {left}: {goes_on(summary, max_cost)}")
    elif not quiet:
        earlier = f", {summary.skipped:,} were there before" if summary.skipped else ""
        lines.append(f"{counted(summary.asked, 'cell')} asked in {clock(summary.seconds)}{earlier}")
        for status, told in _NO_TEXT.items():
            if summary.counts.get(status):
                cells = counted(summary.counts[status], "cell")
                lines.append(f"{cells} {told}: `batch show {path} --status {status}` shows them")
        if any(map(summary.counts.get, USABLE)):
            first = f"`batch {'compare' if arms > 1 else 'show'} {path}`"
            lines.append(f"next: {first}, or `batch report {path}` for a page with every reply")
    return lines
