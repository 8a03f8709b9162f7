"""`batch schedule add`: a job for the user's crontab, rehearsed in cron's environment before it is written."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from persona_batch.errors import BatchError, UsageError
from persona_batch.schedule.job import BATCH, ID, Job, Mode, free_id
from persona_batch.view.terminal import tell

if TYPE_CHECKING:
    from persona_batch.cli.run_arguments import RunArguments
    from persona_batch.schedule.crontab import Line
    from persona_batch.schedule.state import StateFolder

_NAMED = 3

Form: TypeAlias = Literal["cron", "systemd", "ci"]


def add(
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="FILE [RUN OPTIONS]", help="What `batch run` is given (see its help)."),
    ],
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="Cron time: '0 3 * * *', @daily.")],
    every: Annotated[bool, typer.Option("--every", help="A new run each time, to watch for drift.")] = False,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Rest while the last run is complete and no input changed.")
    ] = False,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", metavar="FILE", help="Keys (default: .env of this folder).")
    ] = None,
    on_failure: Annotated[
        str | None,
        typer.Option("--on-failure", metavar="CMD", help="Shell command for a failure; JSON on its stdin."),
    ] = None,
    job_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Name of the job (default: after the file).")
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option("--print", help="Print the crontab line, unit files or command; install nothing."),
    ] = None,
) -> None:
    """Add a job to your crontab.

    A job resumes the newest unfinished run of its batch, else starts a new one.

    Examples:
        batch schedule add personas/wukong.yaml --at '0 3 * * *' --samples 5
        batch schedule add wukong.yaml --at @daily --on-failure 'mail -s batch me'
        batch schedule add personas/wukong.yaml --at @daily --print systemd
    """
    from persona_batch.cli.run_arguments import read_run_arguments
    from persona_batch.credentials import load_env, read_dotenv
    from persona_batch.schedule.environment import carried, open_to_others, refuse_secrets
    from persona_batch.schedule.state import StateFolder
    from persona_batch.schedule.when import parse_when

    when = parse_when(at)
    run = read_run_arguments(arguments)
    job = Job(
        id=_checked_id(job_id) if job_id else _stem(run.files),
        at=when.expression,
        directory=Path.cwd(),
        arguments=run.words,
        mode=_mode(run, every=every, if_changed=if_changed),
        env_file=None if env_file is None else env_file.absolute(),
        on_failure=on_failure,
        environment=carried(os.environ),
    )
    keys = read_dotenv(job.env_file, "--env-file ") if job.env_file is not None else {}
    refuse_secrets(job.texts(), {**load_env(), **keys})
    for file in (job.directory / ".env", job.env_file):
        warning = open_to_others(file) if file is not None else None
        if warning is not None:
            tell(warning)
    _rehearse(job, run, keys)
    folder = StateFolder.of(os.environ)
    if form is not None:
        typer.echo(_printed(job, form, folder))
    else:
        _install(job, folder, renamed=job_id is None)


def _install(job: Job, folder: "StateFolder", *, renamed: bool) -> None:
    from persona_batch.schedule.crontab import editing, install_crontab, read_crontab
    from persona_batch.schedule.when import parse_when

    folder.prepare()
    with editing(folder.root):
        tab = read_crontab()
        taken = [line.id for line in tab.jobs()]
        if job.id in taken and not renamed:
            raise UsageError(f"there is a job {job.id} already: batch schedule remove {job.id}")
        job = replace(job, id=free_id(job.id, taken))
        log = folder.log(job.id)
        install_crontab(tab.with_job(_line(job, log)))
    soon = parse_when(job.at).next_after(datetime.now())
    start = f"starts next at {soon:%Y-%m-%d %H:%M}" if soon else "starts at the next boot"
    tell(f"added {job.id}: {start}; log: {log}")
    tell(f"try it now: `batch schedule run-now {job.id}`")
    typer.echo(job.id)


def _line(job: Job, log: Path) -> "Line":
    """Return the job's line; a PATH that makes it too long gives way to the folders that every system has."""
    from persona_batch.schedule.crontab import LineTooLong, render_line

    try:
        return render_line(job, log)
    except LineTooLong:
        short = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
        line = render_line(replace(job, environment={**job.environment, "PATH": short}), log)
    tell(f"a crontab line has little room: the job's PATH is {short}")
    return line


def _printed(job: Job, form: Form, folder: "StateFolder") -> str:
    from persona_batch.schedule.systemd import render_units

    if form == "systemd":
        head = "# put both into ~/.config/systemd/user, then: systemctl --user enable --now"
        units = render_units(job)
        files = "\n".join(f"# {unit.name}\n{unit.text}" for unit in units)
        return f"{head} {units[1].name}\n{files}".rstrip()
    if form == "ci":
        given = {"--if-changed": job.mode == "if-changed", "--env-file": job.env_file, "--on-failure": job.on_failure}
        left_out = [name for name, value in given.items() if value]
        if left_out:
            tell(f"the plain command knows no {', '.join(left_out)}: a scheduled job does")
        return job.plain_command()
    line = _line(job, folder.log(job.id))
    folder.prepare()
    return str(line)


def _rehearse(job: Job, run: "RunArguments", keys: Mapping[str, str]) -> None:
    """Read the files, look for the key, and ask `batch run` for a dry run, all in the environment the job will have.

    Raises:
        UsageError: a wrong file or option, a key that cron would not see, or no place for the runs.
        BatchError: the dry run broke down.
    """
    from persona_batch.config.load import Overrides, load_batch
    from persona_batch.credentials import load_env
    from persona_batch.provider.connect import resolve
    from persona_batch.schedule.environment import bare, refuse_secrets

    env = {**bare(os.environ), **job.environment, **keys}
    endpoint = Overrides(
        provider=run.value("--provider"),
        base_url=run.value("--base-url"),
        api_key_env=run.value("--api-key-env"),
        api_key_header=run.value("--api-key-header"),
    )
    named = run.values("--custom-check")
    batch = load_batch(run.files, questions=run.questions, overrides=endpoint, custom_checks=named)
    try:
        target = resolve(batch.run, load_env(environ=env))
    except UsageError as error:
        raise UsageError(f"{error} (cron does not see this shell's variables: a job's keys stand in `.env`)") from None
    refuse_secrets(job.texts(), load_env(environ=env), target.keys)
    words = [*BATCH, *job.run_words(), "--dry-run"]
    done = subprocess.run(  # noqa: S603 - our own command line
        words, cwd=job.directory, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    said = done.stderr.decode("utf-8", "replace").strip().removeprefix("batch: ").replace("\nbatch: ", "\n")
    if done.returncode == UsageError.exit_code:
        raise UsageError(said)
    if done.returncode:
        raise BatchError(f"the dry run ended with exit code {done.returncode}: {said}")
    standing = next(folder for folder in (job.out, *job.out.parents) if folder.exists())
    if not (standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)):
        raise UsageError(f"{standing}: the runs cannot be written there; name another folder with --out")


def _mode(run: "RunArguments", *, every: bool, if_changed: bool) -> Mode:
    if every and if_changed:
        raise UsageError("--every and --if-changed contradict each other: a new run each time, or only when needed")
    if every and run.value("--engine") == "batch" and run.value("--wait") is None:
        raise UsageError(
            "--every begins a new run each time, and nobody would collect the results of batch files: leave --every "
            "away, and each start collects what the one before submitted; or let each wait for its own, by --wait 20h"
        )
    return "every" if every else "if-changed" if if_changed else "continue"


def _stem(files: tuple[str, ...]) -> str:
    stems = [Path(file).stem for file in files]
    # the id stands in the line three times, and the line has little room
    return free_id("+".join(stems if len(stems) <= _NAMED else [stems[0], f"{len(stems) - 1}-more"]), ())


def _checked_id(job_id: str) -> str:
    if not ID.fullmatch(job_id):
        raise UsageError(f"--id {job_id!r}: letters, digits, `.`, `_` and `-` only")
    return job_id
