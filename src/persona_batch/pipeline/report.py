"""A report, on one page: the runs as they are now, the verdict, the page."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from persona_batch.comparing.comparison import Comparison
from persona_batch.comparing.follow import follow
from persona_batch.comparing.judged_scores import Scores, read_scores
from persona_batch.comparing.nights import PastRun
from persona_batch.comparing.runs import order_notes
from persona_batch.comparing.series import Series
from persona_batch.config.files import RECORDS
from persona_batch.credentials.known import Redactor, load_env, secrets_in
from persona_batch.errors import UsageError
from persona_batch.pipeline.comparison import CompareOptions, compare_read
from persona_batch.pipeline.rechecking import PresentChecks, present_checks
from persona_batch.record import Record
from persona_batch.record.agreement import Agreement
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.replacing import checked_place
from persona_batch.record.rundir import RunDir
from persona_batch.record.standing import StandingRecords
from persona_batch.reporting.data import Meta
from persona_batch.reporting.plot_file import Kind, check_png, write_plot
from persona_batch.reporting.plots import check_name, plot_of
from persona_batch.reporting.reading import Source
from persona_batch.reporting.report import MOST, NAME, opened, write_report
from persona_batch.verdict.translation import Name

_HEAD = b"<!DOCTYPE html>"  # what a report begins with; anything else that bears its name is not replaced

_PLOTS: dict[Kind, bytes] = {"svg": b"<svg ", "png": b"\x89PNG"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What is asked of a report.

    `output`: the file; None: `report.html` in the first run's folder. `verdict`: whether runs are compared at all.
    """

    output: Path | None = None
    lang: Name = "en"
    verdict: bool = True
    reasoning: bool = True
    most: int = MOST
    seed: int = 0
    custom_checks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written, and what somebody should know of it."""

    path: Path
    meta: Meta
    doubts: list[str]


def make_report(
    runs: Sequence[RunDir],
    options: ReportOptions,
    *,
    comparing: Progress | None = None,
    packing: Progress | None = None,
) -> Written:
    """Write the report of one run, of two that are compared, or of a batch's runs with their history.

    Args:
        runs: at least one; of two the first is what the second is compared with, more are put in the order of their
            time.
        options: what is asked.
        comparing: told how far the comparison is.
        packing: told how much is written.

    Raises:
        UsageError: there are no records, a file is damaged, or another file bears the report's name.
        StorageError: the report cannot be written; an older one is untouched.
    """
    path = _place(options.output or runs[0].path / NAME)
    with _reading(runs, options) as read:
        comparison, history = _judged(read, options, comparing)
        meta = write_report(
            [one.source for one in read],
            path,
            comparison=comparison,
            history=history,
            lang=options.lang,
            reasoning=options.reasoning,
            most=options.most,
            seed=options.seed,
            clean=_redactor().clean,
            progress=packing,
        )
        return Written(path, meta, _doubts(read, options))


def make_plot(
    runs: Sequence[RunDir], options: ReportOptions, name: str, kind: Kind, *, comparing: Progress | None = None
) -> Path:
    """Write one plot of a report as a file of its own and return its path: `NAME.svg` in the first run's folder.

    Args:
        runs: as for a report.
        options: what is asked; `output` is the file.
        name: of the plot.
        kind: of the file.
        comparing: told how far the comparison is.

    Raises:
        UsageError: there is no such plot, or nothing for it to show; or nothing here that makes a PNG.
        StorageError: the file cannot be written.
    """
    check_name(name)
    if kind == "png":
        check_png()
    path = _place(options.output or runs[0].path / f"{name}.{kind}", _PLOTS[kind], "a plot")
    with _reading(runs, options) as read:
        comparison, history = _judged(read, options, comparing)
        sources = [one.source for one in read]
        with opened(sources, comparison=comparison, history=history, most=options.most, seed=options.seed) as facts:
            plot = plot_of(name, facts)
    if plot is None:
        raise UsageError(f"there is nothing here for the plot `{name}` to show; `batch report` shows those that have")
    page = NAME if path.resolve().parent == runs[0].path.resolve() else ""
    write_plot(plot, path, kind, options.lang, page=page, clean=_redactor().clean)
    return path


def _redactor() -> Redactor:
    return Redactor(secrets_in(load_env(environ=os.environ)))


@contextmanager
def _reading(runs: Sequence[RunDir], options: ReportOptions) -> "Iterator[list[_Read]]":
    """Hold runs open as they are now: two in the order in which they are named, more in that of their time.

    Raises:
        UsageError: there are no records, or a file is damaged.
    """
    with ExitStack() as files:
        read = [_Read.of(run, options.custom_checks, files) for run in dict.fromkeys(runs)]
        if not any(True for one in read for _ in islice(one.standing.records(), 1)):
            raise UsageError(f"{read[0].run.records}: there are no records to show")
        yield read if len(read) < 3 else sorted(read, key=lambda one: one.started)


def _judged(
    read: "Sequence[_Read]", options: ReportOptions, progress: Progress | None
) -> tuple[Comparison | None, Series | None]:
    """Return what is said of the runs: a comparison of one or two, the history of more."""
    if not options.verdict:
        return None, None
    if len(read) > 2:
        return None, _followed(read)
    result = _compared(read, progress)
    return replace(result, notes=[*_doubts(read, options), *result.notes]), None


def _doubts(read: "Sequence[_Read]", options: ReportOptions) -> list[str]:
    """Return what does not fit, once the runs were read, and that two of them are compared against their time."""
    doubts = [doubt for one in read for doubt in one.doubts()]
    return list(dict.fromkeys([*doubts, *(order_notes([one.started for one in read]) if options.verdict else ())]))


def _place(path: Path, head: bytes = _HEAD, what: str = "a report") -> Path:
    return checked_place(path, what, lambda held: held.startswith(head), NAME)


@dataclass(frozen=True, slots=True)
class _Read:
    """A run as `compare` reads it: its records under today's checks, its scores, what of it does not fit."""

    run: RunDir
    manifest: Manifest | None
    scores: Scores
    present: PresentChecks
    again: PresentChecks  # the same, for what is read once more: the first counts what it says
    agreement: Agreement
    going: bool
    standing: StandingRecords

    @classmethod
    def of(cls, run: RunDir, custom_checks: Sequence[str], files: ExitStack) -> "_Read":
        """Read what there is of a run now; its records come last: they hold all that the rest speaks of."""
        going = run.held()
        whole = run.records.name == RECORDS and run.manifest.is_file()
        manifest = read_manifest(run.manifest) if whole else None
        present = (present_checks(run, custom_checks), present_checks(run, custom_checks))
        scores, agreement = read_scores(run.path), Agreement.of(run)
        return cls(run, manifest, scores, *present, agreement, going, files.enter_context(StandingRecords(run.records)))

    @property
    def started(self) -> str:
        return "" if self.manifest is None else self.manifest.started_at

    @property
    def source(self) -> Source:
        return Source(self.run, self.manifest, self.scores, self._seen, self.standing, self.going)

    def _seen(self, record: Record) -> Record:
        now = self.again.now
        return record if now is None else now.judged(record) or record

    def doubts(self) -> list[str]:
        return [*self.agreement.doubts(), *self.present.notes()]


def _compared(read: Sequence[_Read], progress: Progress | None) -> Comparison:
    """Return the comparison that `batch compare` would make of the same runs."""
    records = [one.present.watch(one.agreement.watch(one.standing.records())) for one in read]
    agreements = [one.agreement for one in read]
    return compare_read(records, agreements, [one.scores for one in read], CompareOptions(), progress=progress)


def _followed(read: Sequence[_Read]) -> Series:
    """Return the history of a batch's finished runs.

    Raises:
        UsageError: the runs are of several batches.
    """
    batches = {one.run.id if one.manifest is None else one.manifest.batch_id for one in read}
    if len(batches) > 1:
        raise UsageError(
            f"{len(read)} runs of {len(batches)} batches: a report takes one run, two to be compared, or runs of one "
            "batch; `--no-verdict` sets any side by side"
        )
    finished = [one for one in read if one.manifest is not None and one.manifest.finished]
    past = [PastRun(one.run.id, one.started, one.standing.records) for one in finished]
    return follow(batches.pop(), past)
