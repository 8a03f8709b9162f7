"""`batch schedule` and its `list`, `remove`, `run-now`: the jobs in the user's crontab, and how they fare."""

import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from persona_batch.cli.options import Json
from persona_batch.errors import UsageError
from persona_batch.view.terminal import prose, tell, terminal_width
from persona_batch.wording import meant

if TYPE_CHECKING:
    from persona_batch.schedule.crontab import Crontab
    from persona_batch.schedule.overview import Row

JobId: TypeAlias = Annotated[str, typer.Argument(metavar="JOB", help="Its name in `batch schedule list`.")]


def schedule(ctx: typer.Context) -> None:
    """Run batches from cron, for weeks; alone: the list of jobs.

    Examples:
        batch schedule add personas/wukong.yaml --at '0 3 * * *'
        batch schedule list
        batch schedule remove wukong
    """
    if ctx.invoked_subcommand is None:
        list_jobs()


def list_jobs(as_json: Json = False) -> None:
    """List the scheduled jobs: when each runs next, and how its last run ended.

    Examples:
        batch schedule list
        batch schedule list --json
    """
    from persona_batch.schedule.overview import overview
    from persona_batch.schedule.state import StateFolder

    folder = StateFolder.of(os.environ)
    tab = _crontab_if_any(any(folder))
    rows = overview(tab, folder, datetime.now())
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(rows))
    elif not rows:
        tell("no jobs; add one: `batch schedule add personas/wukong.yaml --at '0 3 * * *'`")
    if not as_json:
        print_jobs(rows)


def print_jobs(rows: Iterable["Row"], label: str = "") -> None:
    """Print the jobs; a terminal gets their lines folded between words, and paths whole."""
    width = terminal_width() if sys.stdout.isatty() else None
    for row in rows:
        first, *rest = row.lines()
        lines = prose(f"{label}{first}", width, hang="    ")
        for line in rest:
            lines += (
                [line] if os.sep in line or width is None else [f"    {part}" for part in prose(line[4:], width - 4)]
            )
        typer.echo("\n".join(lines))


def remove(job: JobId) -> None:
    """Take a job out of the crontab and the list; its runs and its log stay.

    Of a job that the crontab does not hold, a systemd timer's say, only the last result is forgotten.

    Examples:
        batch schedule remove wukong
    """
    from persona_batch.schedule.crontab import editing, install_crontab
    from persona_batch.schedule.state import StateFolder

    folder = StateFolder.of(os.environ)
    folder.prepare()
    has_state = folder.read(job) is not None
    with editing(folder.root):
        tab = _crontab_if_any(has_state)
        known = [line.id for line in tab.jobs()]
        if job in known:
            install_crontab(tab.without_job(job))
        elif not has_state:
            raise _unknown(job, known)
    folder.forget(job)
    tell(f"removed {job}; its log stays: {folder.log(job)}")


def run_now(job: JobId) -> int:
    """Run a job at once, as cron would: from its line in the crontab, in cron's bare environment.

    Exits as the job does; the log says what happened.

    Examples:
        batch schedule run-now wukong
    """
    from persona_batch.schedule.crontab import parse_line, read_crontab
    from persona_batch.schedule.environment import bare
    from persona_batch.schedule.state import StateFolder, meaning

    lines = {line.id: line for line in read_crontab().jobs()}
    if job not in lines:
        raise _unknown(job, list(lines))
    parsed = parse_line(lines[job])
    if parsed is None:
        raise UsageError(f"the crontab line of {job} is no longer one of ours; remove the job and add it again")
    shell = ["/bin/sh", "-c", parsed.command]
    env = bare(os.environ)
    done = subprocess.run(shell, env=env, cwd=env["HOME"], check=False)  # noqa: S603 - the user's crontab
    folder = StateFolder.of(os.environ)
    state = folder.read(job)
    # where the job is at work already (4), its state is that of the one at work
    said = state.meaning if state is not None and state.exit_code == done.returncode else meaning(done.returncode)
    tell(f"{job}: {said} ({done.returncode}); log: {folder.log(job)}")
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def _crontab_if_any(elsewhere: bool) -> "Crontab":
    """Return the crontab; an empty one without cron where jobs are known by their states (those of timers)."""
    from persona_batch.schedule.crontab import Crontab, NoCrontab, read_crontab

    try:
        return read_crontab()
    except NoCrontab:
        if not elsewhere:
            raise
        return Crontab(b"")


def _unknown(job: str, known: list[str]) -> UsageError:
    return UsageError(f"there is no job `{job}` in the crontab; {meant(job, known)}")
