"""`batch compare`: is the difference real?"""

import os
import shlex
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from persona_batch.cli.options import RUN_HELP, Color, CustomChecks, Lang, Out
from persona_batch.cli.seen_ids import SeenIds
from persona_batch.errors import UsageError
from persona_batch.view.terminal import tell
from persona_batch.wording import meant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from persona_batch.comparing.comparison import Comparison
    from persona_batch.record import Record
    from persona_batch.record.rundir import RunDir

Format: TypeAlias = Literal["table", "markdown", "json", "csv"]
_HOLDS = {
    **dict.fromkeys(("length", "sentences", "lists", "markdown", "han", "latin"), "shift"),
    "checks": "adherence",
    "broken": "character",
}
"""The measure behind a column of the table, or a row of the details, that somebody asks for by its own name."""
_METRICS = {"checks": "all checks", "broken": "broken character"}
_Run: TypeAlias = Annotated[str, typer.Argument(metavar="RUN", help=RUN_HELP)]


def compare(
    run: _Run = "latest",
    run2: Annotated[
        str | None, typer.Argument(metavar="RUN2", help="A later run: compare each persona with itself in RUN.")
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="FACTOR",
            help="persona, placement, variant, model, speaker, or an attribute of the personas.",
        ),
    ] = "persona",
    control: Annotated[
        str | None, typer.Option("--control", metavar="ID", help="The persona (or level) that all are compared with.")
    ] = None,
    measures: Annotated[
        list[str] | None,
        typer.Option("--measures", metavar="NAME", help="Only these measures (repeatable, or a,b)."),
    ] = None,
    personas: Annotated[
        list[str] | None,
        typer.Option("--persona", "-p", metavar="GLOB", help="Show the replies of these personas (repeatable)."),
    ] = None,
    questions: Annotated[
        list[str] | None,
        typer.Option("--question", metavar="GLOB", help="Show the replies to these questions (repeatable)."),
    ] = None,
    replies: Annotated[
        int | None,
        typer.Option(
            "--replies", min=0, metavar="N", help="Show the replies to N questions; 2 unless --question says which."
        ),
    ] = None,
    sample: Annotated[int, typer.Option("--sample", min=0, metavar="N", help="Which sample to show.")] = 0,
    diff: Annotated[
        bool, typer.Option("--diff", help="Mark what each reply has and has not of the reference's.")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="Every number behind the summary.")] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="MEASURE", help="Say how a measure is computed, with its value per question."
        ),
    ] = None,
    copies: Annotated[
        Literal["source", "once", "all"],
        typer.Option(
            "--copies",
            help="Which samples of a cell count once: those of one draw by their source (a cache, temperature 0), all "
            "that are byte-identical, or none.",
        ),
    ] = "source",
    margins: Annotated[
        list[str] | None,
        typer.Option(
            "--margin",
            metavar="METRIC=X",
            help="Test that a difference lies within X of nothing: length=20, `all checks`=0.1 (repeatable).",
        ),
    ] = None,
    custom_checks: CustomChecks = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say how many questions and samples effects like these take.")
    ] = False,
    power: Annotated[
        float, typer.Option("--power", min=0.05, max=0.999, metavar="P", help="Wished chance to see them, for --plan.")
    ] = 0.8,
    permutations: Annotated[
        int, typer.Option("--permutations", min=99, max=1_000_000, metavar="N", help="Relabellings per test.")
    ] = 9_999,
    seed: Annotated[int, typer.Option("--seed", help="Of the permutations; the same seed, the same result.")] = 0,
    as_format: Annotated[Format, typer.Option("--format", "-f", help="What to print.")] = "table",
    bom: Annotated[bool, typer.Option("--bom", help="Begin CSV with a byte order mark, for Excel.")] = False,
    color: Color = "auto",
    lang: Lang = None,
    out: Out = "runs",
) -> None:
    """Say which personas changed the replies, how, by how much, and whether it could be luck.

    Examples:
        batch compare
        batch compare latest -p pirate --question view --diff
        batch compare --by placement --details
        batch compare runs/20261121T065600Z-wukong latest
        batch compare --explain change
        batch compare --format csv --bom > effects.csv
    """
    from persona_batch.comparing import Wanted
    from persona_batch.pipeline.comparison import CompareOptions, compare_on_disk
    from persona_batch.verdict.translation import language_of
    from persona_batch.view.comparison_replies import render_replies
    from persona_batch.view.comparison_rows import render_explanation
    from persona_batch.view.comparison_table import render
    from persona_batch.view.heading import facts_of, heading, with_first
    from persona_batch.view.live import Advance
    from persona_batch.view.palette import palette_for
    from persona_batch.view.terminal import can_draw, terminal_width

    explained = None if explain is None else _measure(explain)
    chosen = None if measures is None else [_measure(name.strip()) for given in measures for name in given.split(",")]
    first, second = _found([run] if run2 is None else [run, run2], Path(out))
    wanted = Wanted(
        questions=questions or (),
        personas=personas or (),
        most_questions=replies if replies is not None else 20 if questions else 2,
        sample=sample,
    )
    options = CompareOptions(
        by=by,
        control=control,
        measures=chosen if explained is None else [explained],
        copies=copies,
        margins=_margins(margins or []),
        custom_checks=custom_checks or (),
        power=power if plan else None,
        permutations=permutations,
        seed=seed,
        excerpts=None if explained else wanted,
    )
    seen, firsts = SeenIds(), list["Record | None"]()

    def watch(records: "Iterable[Record]") -> "Iterable[Record]":
        first_record, rest = with_first(seen.watch(records))
        firsts.append(first_record)
        return rest

    with Advance(sys.stderr, "comparing:", dict(os.environ)) as progress:
        result, doubts = compare_on_disk(first, second, options, watch=watch, progress=progress)
    for doubt in doubts if as_format == "csv" or explained else ():  # elsewhere the notes say it
        tell(doubt)
    for compared in (first, second):
        if compared is not None:
            _tell_if_unfinished(compared)
    for unmatched in seen.unmatched(_no_arms(personas or [], result), questions or []):
        tell(unmatched)
    about = [("" if second is None else "before: ", facts_of(first, firsts[0]))]
    if second is not None:
        about.append(("after: ", facts_of(second, firsts[1])))
    if as_format != "table":
        sys.stdout.write(_exported(result, as_format, about, bom=bom))
        return
    palette, width, language = palette_for(sys.stdout, color), terminal_width(), language_of(lang, os.environ)
    sys.stdout.write("".join(heading(facts, palette, width, label) for label, facts in about) + "\n")
    if explained is not None:
        sys.stdout.write(render_explanation(result, explained, palette, width))
        return
    sys.stdout.write(render(result, palette, width, language, details=details, unicode=can_draw(sys.stdout)))
    sys.stdout.write(render_replies(result.excerpts, palette, width, diff=diff))
    if sys.stdout.isatty():  # a hint for somebody who looks on
        named = " ".join(shlex.quote(str(run.path)) for run in (first, second) if run is not None)
        tell(f"next: `batch report {named}` makes a page of it, with every reply")


def _found(named: list[str], out: Path) -> "tuple[RunDir, RunDir | None]":
    """Return the run, and the later one; a run that is named twice is compared within itself."""
    from persona_batch.record.finding import find_runs

    (first, *others), twice = find_runs(named, out)
    for note in twice:
        tell(f"{note}, and its personas are compared with each other")
    return first, others[0] if others else None


def _margins(given: list[str]) -> dict[str, float]:
    """Read `METRIC=X`; `checks` and `broken` are said as the screen says them."""
    found = {}
    for text in given:
        name, separator, number = text.rpartition("=")
        try:
            found[_METRICS.get(name.strip(), name.strip())] = float(number)
        except ValueError:
            separator = ""
        if not separator:
            raise UsageError(f"--margin {text}: write a metric and a number, as in --margin length=20")
    return found


def _no_arms(globs: list[str], result: "Comparison") -> list[str]:
    """Return the globs that match no arm by the name it has on the screen (`wukong · system`)."""
    return [glob for glob in globs if not any(fnmatchcase(arm.name, glob) for arm in result.arms)]


def _tell_if_unfinished(run: "RunDir") -> None:
    from persona_batch.config.files import RECORDS
    from persona_batch.record.manifest import read_manifest

    if run.records.name != RECORDS or not run.manifest.exists():
        return  # a copy of some records says nothing of a run
    if not read_manifest(run.manifest).finished:
        tell(f"{run.path} is unfinished; `batch run --resume {shlex.quote(str(run.path))}` asks the rest")


def _measure(name: str) -> str:
    from persona_batch.comparing import MEASURES

    if name in MEASURES:
        return name
    holder = _HOLDS.get(name)
    remedy = f"did you mean `{holder}`, which holds it?" if holder else meant(name, MEASURES)
    raise UsageError(f"there is no measure `{name}`; {remedy}")


def _exported(result: "Comparison", as_format: Format, about: list[tuple[str, list[str]]], *, bom: bool) -> str:
    from persona_batch.view.comparison_export import as_csv, as_json, as_markdown

    if as_format == "markdown":
        return as_markdown(result, [label + " · ".join(facts) for label, facts in about])
    return as_json(result) if as_format == "json" else as_csv(result, bom=bom)
