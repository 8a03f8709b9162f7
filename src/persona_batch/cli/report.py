"""`batch report`: a run as one page to look at."""

import os
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli.options import RUN_HELP, Lang, Out


def report(
    runs: Annotated[list[str] | None, typer.Argument(metavar="RUN", help=RUN_HELP, show_default=False)] = None,
    file: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page (default: report.html in the run's folder)."),
    ] = None,
    lang: Lang = None,
    out: Out = "runs",
) -> None:
    """Write a run as one HTML page: every reply in sight, the verdict on top; it needs no server and no network.

    Examples:
        batch report
        batch report latest -o pirate.html
    """
    from persona_batch.record.finding import find_run
    from persona_batch.record.manifest import read_manifest
    from persona_batch.reporting.gathering import Source
    from persona_batch.reporting.report import NAME, write_report
    from persona_batch.verdict.translation import language_of

    found = [find_run(run, Path(out)) for run in runs or ["latest"]]
    sources = [Source(run, read_manifest(run.manifest) if run.manifest.is_file() else None) for run in found]
    path = found[0].path / NAME if file is None else Path(file)
    write_report(sources, path, lang=language_of(lang, os.environ).name)
    typer.echo(path)
