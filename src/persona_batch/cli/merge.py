"""`batch merge`: one run of the shards of a batch."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli.options import Json, Quiet
from persona_batch.view.terminal import one_line, tell
from persona_batch.wording import counted


def merge(
    folders: Annotated[list[str], typer.Argument(metavar="FOLDER...", help="Run folders, globs of them, or run ids.")],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", help="Folder of runs, in which the merged run is made.")
    ] = "runs",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make one run of the shards of a batch: the very run that one process would have made. Nothing is asked.

    The shards stay as they are. Runs of other batches, endpoints or models are refused, and so are two different
    replies to one cell; a copy counts once. Where a shard is missing, the merged run is unfinished, and
    `batch run --resume` asks the rest. The last line of stdout is the run's folder.

    Examples:
        batch merge runs/*-shard-*
        batch merge artifacts/*/* -o runs
        batch merge 20261122T065600Z 20261122T065601Z

    Exit codes: those of the merged run: 0 complete, 1 some cells failed, 3 cells are left; 2 the runs do not belong
    together, 4 a process is on one of them.
    """
    from persona_batch.pipeline.merging import merge as make_run
    from persona_batch.pricing.bill import encode

    done = make_run(folders, Path(out))
    if not quiet:
        for sentence in done.notes:
            tell(one_line(sentence))
        tell(f"{counted(done.records, 'record')} of {counted(len(done.merged), 'run')} merged")
    path = shlex.quote(done.path)
    if done.left:
        tell(f"{done.left:,} of {counted(done.cells, 'cell')} left: `batch run --resume {path}` asks them")
    if failed := done.counts.get("error"):
        tell(f"{counted(failed, 'cell')} failed: `batch run --resume {path} --retry-errors` asks them again")
    sys.stdout.write(encode(done).decode() + "\n" if as_json else f"{done.path}\n")
    return done.exit_code
