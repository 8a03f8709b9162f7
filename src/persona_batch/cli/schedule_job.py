"""`batch schedule run-job`: what the crontab line calls; not for people."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.errors import RunLocked, UsageError
from persona_batch.schedule.job import Job


def run_job(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its name.")],
    arguments: Annotated[list[str], typer.Argument(metavar="-- ARGUMENTS", help="Those of `batch run`.")],
    directory: Annotated[Path, typer.Option("--directory", metavar="DIR", help="The working folder.")],
    every: Annotated[bool, typer.Option("--every", help="A new run each time.")] = False,
    if_changed: Annotated[bool, typer.Option("--if-changed", help="Rest while nothing changed.")] = False,
    env_file: Annotated[Path | None, typer.Option("--env-file", metavar="FILE", help="Keys.")] = None,
    on_failure: Annotated[
        str | None, typer.Option("--on-failure", metavar="CMD", help="Command for a failure.")
    ] = None,
) -> int:
    """Run a scheduled job: what the line in the crontab, or the systemd unit, calls.

    Examples:
        batch schedule run-job wukong --directory /home/me/work -- /home/me/work/wukong.yaml
    """
    from persona_batch.schedule.perform import perform
    from persona_batch.schedule.state import StateFolder

    task = Job(
        id=job,
        at="",
        directory=directory,
        arguments=tuple(arguments),
        mode="every" if every else "if-changed" if if_changed else "continue",
        env_file=env_file,
        on_failure=on_failure,
    )
    try:
        code = perform(
            task,
            StateFolder.of(os.environ),
            env=os.environ,
            inputs=(lambda: _fingerprint(task.arguments)) if if_changed else None,
        )
    except RunLocked as locked:
        # an overlap is nobody's fault: no word on stderr, which cron would mail
        return locked.exit_code
    return code if code >= 0 else 128 - code


def _fingerprint(arguments: Sequence[str]) -> str:
    from persona_batch.cli.run_arguments import read_run_arguments
    from persona_batch.config.load import load_batch
    from persona_batch.schedule.perform import fingerprint

    try:
        run = read_run_arguments(arguments)
    except typer.TyperException as error:  # somebody has edited the line
        raise UsageError(error.format_message()) from error
    batch = load_batch(run.files, questions=run.questions)
    return fingerprint(arguments, {file.path: file.sha256 for file in batch.files})
