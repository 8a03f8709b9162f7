"""`batch history`: a batch over its runs, and whether something moved beyond noise."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_batch.cli.options import Color, Json, Lang, Out
from persona_batch.errors import UsageError
from persona_batch.view.terminal import tell
from persona_batch.wording import counted

if TYPE_CHECKING:
    from persona_batch.comparing.nights import PastRun
    from persona_batch.record.manifest import Manifest

DRIFTED = 100


def history(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="The files that the runs were made of, or a run.")
    ],
    out: Out = "runs",
    last: Annotated[
        int | None,
        typer.Option("--last", min=2, metavar="N", help="Tell of the newest N runs only; the watch learns from all."),
    ] = None,
    level: Annotated[
        float,
        typer.Option("--level", min=0.0001, max=0.5, metavar="P", help="Chance of a false alarm in a year of runs."),
    ] = 0.05,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="RUN", help="The run that the newest is set beside (default: the first)."),
    ] = None,
    fail_on_drift: Annotated[bool, typer.Option("--fail-on-drift", help="Exit 100 when there is an alarm.")] = False,
    as_json: Json = False,
    color: Color = "auto",
    lang: Lang = None,
) -> int:
    """Watch a batch over its runs: trends, and what is no longer where it was.

    Alarms: a measure moved, or another model answers. Only what was asked in exactly the same way is watched. The watch
    may be looked at every night; from cron, look at the newest run alone: --last 2. A run in the place of the files,
    `latest` or `previous` among them, stands for its batch up to that run.

    Examples:
        batch history personas/wukong.yaml
        batch history personas/wukong.yaml --last 2 --fail-on-drift
    """
    from persona_batch.comparing.follow import follow
    from persona_batch.config.load import load_batch
    from persona_batch.record.finding import find_run

    named = _named_run(files, Path(out))
    batch_id = load_batch(files, need_questions=False).id if named is None else named.batch_id
    runs = _finished(batch_id, Path(out))
    if named is not None:
        runs = [run for run in runs if run.started_at <= named.started_at]
    if not runs:
        raise UsageError(
            f"{out}: no finished run of {batch_id} yet; `batch run {'FILE' if named else files[0]}` makes one"
        )
    set_beside = None if baseline is None else find_run(baseline, Path(out)).id
    series = follow(batch_id, runs, level=level, baseline=set_beside, last=last)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(series))
    else:
        from persona_batch.verdict.translation import language_of
        from persona_batch.view.history import history_text
        from persona_batch.view.transcript import page_for

        sys.stdout.write(history_text(series, page_for(sys.stdout, color), language_of(lang, os.environ)))
    return DRIFTED if fail_on_drift and series.drifted else 0


def _named_run(files: list[str], out: Path) -> "Manifest | None":
    """Return the manifest of the run that stands in the place of the files; None: they are files."""
    from persona_batch.record.finding import BY_AGE, find_run
    from persona_batch.record.manifest import read_manifest

    (name, *more) = files
    a_run = (name in BY_AGE and not Path(name).is_file()) or any(
        (folder / "run.json").is_file() for folder in (Path(name), out / name)
    )
    return read_manifest(find_run(name, out).manifest) if a_run and not more else None


def _finished(batch_id: str, out: Path) -> "list[PastRun]":
    from persona_batch.comparing.nights import PastRun
    from persona_batch.record.manifest import read_manifest
    from persona_batch.record.reader import read_records
    from persona_batch.record.rundir import list_runs

    found, unfinished, shards = [], 0, 0
    for run in list_runs(out):
        try:
            manifest = read_manifest(run.manifest)
        except UsageError as error:  # one damaged folder must not hide the others
            tell(str(error))
            continue
        if manifest.batch_id != batch_id:
            continue
        if manifest.shard is not None:
            shards += 1
        elif manifest.finished:
            found.append(PastRun(run.id, manifest.started_at, partial(read_records, run.records)))
        else:
            unfinished += 1
    if shards:
        tell(f"{counted(shards, 'shard')} of {batch_id} left out; `batch merge` makes a run of them")
    if unfinished:
        tell(f"{counted(unfinished, 'unfinished run')} of {batch_id} left out")
    return found
