"""`batch export`: runs as files for other programs."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli.options import RUN_HELP, PersonaGlobs, QuestionGlobs
from persona_batch.cli.wanted import (
    Failed,
    ModelGlob,
    MostRecords,
    OneSample,
    Statuses,
    Wanted,
    WantedPlacement,
    read_statuses,
)
from persona_batch.errors import UsageError
from persona_batch.exchange.exports.export import ExportOptions
from persona_batch.exchange.exports.formats import FORMATS, Format, format_named, format_of, odd_ending
from persona_batch.view.terminal import tell, visible

_NAMES = ", ".join(one.name for one in FORMATS)
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def export(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help=f"{RUN_HELP} Several: one after the other.", show_default=False),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAME", help=f"{_NAMES} (default: by the file's ending, else csv)."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file (default: text to stdout, else export.* in the run's folder).",
        ),
    ] = None,
    personas: PersonaGlobs = None,
    questions: QuestionGlobs = None,
    status: Statuses = None,
    failed: Failed = False,
    sample: OneSample = None,
    placement: WantedPlacement = None,
    model: ModelGlob = None,
    limit: MostRecords = None,
    arms: Annotated[
        str | None,
        typer.Option("--personas", metavar="A,B", help="llm-comparator: the two to set side by side."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="csv, tsv: no apostrophe before what looks like a formula.")
    ] = False,
    bom: Annotated[bool, typer.Option("--bom", help="csv, tsv: begin with a byte order mark, for Excel.")] = False,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Folder that holds the runs.")] = "runs",
) -> None:
    """Write the records of a run as a table, a database, a document, or as other tools take them.

    Text goes to stdout unless -o names a file. A run that is still going is exported as it is now.

    Examples:
        batch export -o replies.csv
        batch export --format parquet
        batch export -p wukong --format openai-messages -o train.jsonl
        batch export --format jsonl | head -n 1
        batch export previous latest --format sqlite -o both.db
    """
    from persona_batch.pipeline.export import Wish, export_as_text, export_to_file
    from persona_batch.record.finding import find_runs
    from persona_batch.view.live import Advance

    form = _format(format_, output)
    wanted = Wanted(personas or [], questions or [], read_statuses(status, failed=failed), sample, placement, model)
    to_stdout = output in _STDOUT or (output is None and form.shape == "text")
    pipe = None if to_stdout or output is None or not Path(output).is_fifo() else Path(output)
    if (output in _STDOUT or pipe) and form.shape != "text":
        raise UsageError(f"-o {output}: an export as {form.name} is no text; name a file")
    wish = Wish(
        form,
        None if output is None or to_stdout else Path(output),
        wanted.passes,
        limit,
        wanted.nothing,
        _options(form, arms, raw=raw, bom=bom),
    )
    found, twice = find_runs(runs or ["latest"], Path(out))
    if to_stdout:
        notes = export_as_text(found, wish, _to_stdout)
    elif pipe is not None:
        with pipe.open("wb") as stream:
            notes = export_as_text(found, wish, stream.write)
    else:
        with Advance(sys.stderr, "exporting:", dict(os.environ)) as advance:
            path, notes = export_to_file(found, wish, advance)
        typer.echo(path)
        if output is not None and odd_ending(output, form):
            tell(f"{output}: this is {form.name}, whatever the ending says")
    for note in (*twice, *notes):
        tell(note)


def _format(name: str | None, output: str | None) -> Format:
    if name is not None:
        return format_named(name)
    streamed = output is None or output in _STDOUT or Path(output).is_fifo()
    return (None if streamed or output is None else format_of(output)) or format_named("csv")


def _options(form: Format, arms: str | None, *, raw: bool, bom: bool) -> ExportOptions:
    for option, given, takes in (
        ("--raw", raw, ("csv", "tsv")),
        ("--bom", bom, ("csv", "tsv")),
        ("--personas", arms is not None, ("llm-comparator",)),
    ):
        if given and form.name not in takes:
            raise UsageError(f"{option}: of no use with --format {form.name}, only with {' and '.join(takes)}")
    named = [name.strip() for name in (arms or "").split(",")] if arms is not None else []
    if arms is not None and (len(named) != 2 or not all(named) or named[0] == named[1]):
        raise UsageError(f"--personas {arms}: expected two personas, as --personas wukong,none")
    return ExportOptions(raw=raw, bom=bom, arms=named)


def _to_stdout(piece: bytes) -> None:
    """Write a piece: as it is to a pipe or a file; on a terminal with its control characters shown."""
    if sys.stdout.isatty():
        sys.stdout.write(visible(piece.decode()))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(piece)
