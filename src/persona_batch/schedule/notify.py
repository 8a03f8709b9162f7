"""Word to somebody: the user's command, with the summary of a failed job as JSON on its stdin."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from persona_batch.credentials import Redactor, secrets_in
from persona_batch.schedule.state import JobState

SECONDS = 60
MOST_SAID = 1_000_000  # bytes of the command's output that are kept


class Notice(msgspec.Struct, kw_only=True):
    """What the command gets; `summary` is that of `batch run --json`, null where there is none.

    Times are UTC, ISO 8601; a negative `exit_code` is the signal that killed the run.
    """

    job: str
    exit_code: int | None
    meaning: str
    started: str
    ended: str | None
    run: str | None
    log: str
    summary: msgspec.Raw


def notice_of(state: JobState, log: Path, output: bytes) -> Notice:
    """Return the notice of a job that ended; `output` is what `batch run --json` printed."""
    try:
        summary = msgspec.json.decode(output, type=msgspec.Raw)
    except msgspec.DecodeError:
        summary = msgspec.Raw(b"null")
    return Notice(
        job=state.job,
        exit_code=state.exit_code,
        meaning=state.meaning,
        started=state.started,
        ended=state.ended,
        run=state.run,
        log=str(log),
        summary=summary,
    )


def notify(
    command: str,
    notice: Notice,
    log: BinaryIO,
    env: Mapping[str, str],
    directory: Path,
    *,
    kept: Iterable[str] = (),
    seconds: float = SECONDS,
) -> str | None:
    """Run the command in a folder (if it is gone: where we are); its output, without keys, goes to the log.

    `kept` are the values that stand in files of keys: words with a digit among them are keys, whatever their names.

    Returns:
        What went wrong with it, if anything.
    """
    # in a session of its own, so that a command that hangs can be ended with all that it started
    with tempfile.TemporaryFile() as said:  # no pipe: what it leaves running in the background may hold that open
        with subprocess.Popen(  # noqa: S602 - a shell command by the user's wish
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd=directory if directory.is_dir() else None,
            env=dict(env),
            start_new_session=True,
        ) as child:
            try:
                child.communicate(msgspec.json.encode(notice) + b"\n", timeout=seconds)
                late = None
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                late = f"still busy after {seconds:g} s, ended"
        said.seek(0)
        text = said.read(MOST_SAID).decode("utf-8", "replace")
        words = [value for value in kept if re.fullmatch(r"(?=.*\d)[!-.0-~]{8,}", value)]  # no path, no address
        log.write(Redactor([*secrets_in(env), *words]).clean_all(text).encode())
    if late is not None:
        return late
    return f"exit {child.returncode}" if child.returncode else None
