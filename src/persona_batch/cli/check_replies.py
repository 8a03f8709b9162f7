"""`batch check-replies`: the checks of today on the replies of yesterday."""

import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from persona_batch.cli.options import (
    RUN_HELP,
    Color,
    CustomChecks,
    FailUnder,
    Json,
    Out,
    PersonaGlobs,
    QuestionGlobs,
    Questions,
)
from persona_batch.cli.seen_ids import SeenIds
from persona_batch.errors import UsageError
from persona_batch.view.terminal import tell, terminal_width
from persona_batch.wording import counted

if TYPE_CHECKING:
    from persona_batch.pipeline.rechecking import Rechecking
    from persona_batch.record import Record
    from persona_batch.record.check_rates import CheckRates
    from persona_batch.record.rundir import RunDir

TOO_FEW = 100


def check_replies(
    run: Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP)] = "latest",
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE...", help="Persona files (default: those of the run, as now).")
    ] = None,
    questions: Questions = None,
    personas: PersonaGlobs = None,
    question: QuestionGlobs = None,
    failed: Annotated[bool, typer.Option("--failed", help="Also the replies that failed a check.")] = False,
    fail_under: FailUnder = None,
    custom_checks: CustomChecks = None,
    as_json: Json = False,
    color: Color = "auto",
    out: Out = "runs",
) -> int:
    """Put the checks that the files declare now to the replies of a run, without asking anything again.

    Nothing is written: the records of a run carry the outcomes of the checks it was made with, until `batch run
    --resume` brings them in line with edited files.

    Examples:
        batch check-replies
        batch check-replies latest personas/wukong.yaml --failed
        batch check-replies runs/20261122T065600Z-wukong --fail-under 0.9 --json
    """
    from persona_batch.pipeline.rechecking import declared_now
    from persona_batch.record.check_rates import CheckRates
    from persona_batch.record.finding import find_run
    from persona_batch.record.reader import read_records

    found = find_run(run, Path(out))
    now = declared_now(found, files or (), questions or (), custom_checks or ())
    rates, seen, listed = CheckRates(), SeenIds(), _Listed(color) if failed and not as_json else None
    failures: list[dict[str, Any]] = []
    for record in seen.watch(read_records(found.records)):
        if not (_matches(record.persona, personas) and _matches(record.question, question)):
            continue
        if (judged := now.judged(record)) is None:
            continue
        rates.add(judged)
        if listed is not None:
            listed.show(judged)
        elif failed:
            failures += _failures_of(judged)
    if fail_under is not None and not rates.total:
        raise UsageError("--fail-under: no reply has a check; add `checks: […]` to a persona or a question")
    if as_json:
        _write(found, now, rates, failures if failed else None)
    else:
        _print(now, rates, color)
    for unmatched in seen.unmatched(personas or [], question or []):
        tell(unmatched)
    _tell(now, rates)
    return TOO_FEW if fail_under is not None and (rates.share or 0.0) < fail_under else 0


class _Listed:
    """Shows replies that failed a check, one after another."""

    def __init__(self, color: Color) -> None:
        from persona_batch.view.transcript import page_for

        self._page = page_for(sys.stdout, color)

    def show(self, record: "Record") -> None:
        """Show a record, if one of its checks failed, with the reasons."""
        from persona_batch.view.transcript import transcript

        if not all(result.passed for result in record.checks):
            sys.stdout.write(f"{transcript(record, self._page)}\n")


def _matches(name: str, globs: list[str] | None) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


def _failures_of(record: "Record") -> Iterator[dict[str, Any]]:
    for result in record.checks:
        if not result.passed:
            yield {
                "key": record.key,
                "persona": record.persona,
                "question": record.question,
                "sample": record.sample,
                "check": result.check,
                "expected": result.expected,
                "reason": result.reason,
            }


def _print(now: "Rechecking", rates: "CheckRates", color: Color) -> None:
    from persona_batch.view.check_table import check_table
    from persona_batch.view.palette import palette_for
    from persona_batch.view.terminal import one_line

    sys.stdout.write(f"{one_line(now.source)}, put to {counted(rates.records, 'record')}\n\n")
    sys.stdout.write(check_table(rates, palette_for(sys.stdout, color), terminal_width()))


def _write(run: "RunDir", now: "Rechecking", rates: "CheckRates", failures: list[dict[str, Any]] | None) -> None:
    import msgspec

    said: dict[str, Any] = {
        "run_id": run.id,
        "path": str(run.path),
        "source": now.source,
        "records": rates.records,
        "unknown": now.unknown,
        "checks": {"passed": rates.passed, "total": rates.total, "share": rates.share},
        "rows": [rate for _, rate in rates.rows(reasons=10)],
    }
    if failures is not None:
        said["failed"] = failures
    sys.stdout.write(msgspec.json.encode(said).decode() + "\n")


def _tell(now: "Rechecking", rates: "CheckRates") -> None:
    if now.unknown:
        tell(f"{counted(now.unknown, 'record')} of personas or questions that {now.source} do not hold for: left out")
    if not rates.total:
        tell("no reply has a check; add `checks: […]` to a persona or a question")
    elif now.moved:
        tell(f"{counted(now.moved, 'record')} came out otherwise than is recorded")
