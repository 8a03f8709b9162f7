"""`batch runs prune`: make room, keeping the newest runs of each batch."""

from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli.options import Out
from persona_batch.errors import RunLocked
from persona_batch.view.terminal import tell
from persona_batch.wording import counted


def prune(
    keep: Annotated[int, typer.Option("--keep", min=0, metavar="N", help="How many runs of each batch stay.")],
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="ID", help="Only runs of this batch (default: of all).")
    ] = None,
    out: Out = "runs",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Unfinished runs may go too; never a running one.")] = False,
) -> None:
    """Delete all but the newest N runs of each batch; the deleted folders are listed on stdout.

    Examples:
        batch runs prune --keep 30 --dry-run
        batch runs prune --keep 30 --batch wukong
    """
    from persona_batch.record.finding import point_latest
    from persona_batch.record.pruning import candidates, remove_run, sweep
    from persona_batch.record.rundir import list_runs

    folder = Path(out)
    if not dry_run:
        sweep(folder)
    freed, gone = 0, 0
    for candidate in candidates(list_runs(folder), keep=keep, batch=batch, force=force):
        if candidate.spared is not None:
            tell(f"{candidate.run.path} stays: {candidate.spared}")
            continue
        if not dry_run:
            try:
                freed += remove_run(candidate.run)
            except RunLocked as locked:
                tell(str(locked))
                continue
        gone += 1
        typer.echo(str(candidate.run.path))
    if dry_run:
        tell(f"{counted(gone, 'run')} would go; nothing was deleted")
        return
    point_latest(folder)
    tell(f"{counted(gone, 'run')} deleted, {freed / 1e6:,.1f} MB freed")
