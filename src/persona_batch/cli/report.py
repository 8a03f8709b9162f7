"""`batch report`: runs as one page to look at."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli.options import RUN_HELP, CustomChecks, Lang
from persona_batch.errors import UsageError
from persona_batch.view.terminal import tell


def report(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help=f"{RUN_HELP} Several: side by side.", show_default=False)
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page (default: report.html in the run's folder)."),
    ] = None,
    svg: Annotated[
        str | None,
        typer.Option("--svg", metavar="PLOT", help="Only one of its plots, as a file (PLOT.svg in the run's folder)."),
    ] = None,
    png: Annotated[str | None, typer.Option("--png", metavar="PLOT", help="The same as PNG; needs an extra.")] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    no_verdict: Annotated[bool, typer.Option("--no-verdict", help="Only the replies; nothing is compared.")] = False,
    no_reasoning: Annotated[
        bool, typer.Option("--no-reasoning", help="Leave out what models thought before they replied.")
    ] = False,
    most: Annotated[
        int,
        typer.Option("--most", min=1, metavar="N", help="Records; of more, whole questions are drawn by --seed."),
    ] = 50_000,
    seed: Annotated[int, typer.Option("--seed", help="Of that draw.")] = 0,
    custom_checks: CustomChecks = None,
    lang: Lang = None,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Folder that holds the runs.")] = "runs",
) -> None:
    """Write a run as one HTML page: every reply in sight, the verdict on top. It needs no server and no network.

    Two runs are compared; more runs of one batch are shown with its history. A run that is still going may be looked
    at, too.

    Examples:
        batch report
        batch report --open
        batch report latest -o pirate.html --lang zh
        batch report previous latest
        batch report --svg effects -o effects.svg
    """
    from persona_batch.pipeline.report import ReportOptions, make_plot, make_report
    from persona_batch.record.finding import find_runs
    from persona_batch.verdict.translation import language_of
    from persona_batch.view.live import Advance

    options = ReportOptions(
        output=None if output is None else Path(output),
        lang=language_of(lang, os.environ).name,
        verdict=not no_verdict,
        reasoning=not no_reasoning,
        most=most,
        seed=seed,
        custom_checks=custom_checks or (),
    )
    found, twice = find_runs(runs or ["latest"], Path(out))
    for note in twice:
        tell(note)
    env = dict(os.environ)
    if svg is not None or png is not None:
        if svg is not None and png is not None:
            raise UsageError("--svg and --png: one file at a time")
        with Advance(sys.stderr, "comparing:", env) as comparing:
            if png is not None:
                path = make_plot(found, options, png, "png", comparing=comparing)
            else:
                path = make_plot(found, options, svg or "", "svg", comparing=comparing)
        typer.echo(path)
        return
    with Advance(sys.stderr, "comparing:", env) as comparing, Advance(sys.stderr, "packing:", env) as packing:
        written = make_report(found, options, comparing=comparing, packing=packing)
    for doubt in dict.fromkeys(written.doubts):
        tell(doubt)
    sampled = written.meta.sampled
    if sampled is not None:
        tell(
            f"{sampled.questions:,} of {sampled.of_questions:,} questions are on the page, with {sampled.records:,} of "
            f"{sampled.of_records:,} records; --most N takes more"
        )
    typer.echo(written.path)
    if open_it:
        _open(written.path)


def _open(path: Path) -> None:
    """Open a file in the user's browser, where there is one to be seen."""
    import webbrowser

    remote = any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    shown = sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if remote or not shown:
        tell("there is no screen here to open it on")
    elif not webbrowser.open(path.resolve().as_uri()):
        tell("no browser was found to open it")
