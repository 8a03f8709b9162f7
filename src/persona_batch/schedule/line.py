"""A job as a line of a crontab, quoted for cron and for the shell that cron starts."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from persona_batch.errors import UsageError
from persona_batch.schedule.job import Job
from persona_batch.schedule.tab import LONGEST_COMMAND, TAG, Line
from persona_batch.schedule.when import NAMES

_TIME = re.compile(rf"\s*(?P<at>(?:{'|'.join(NAMES)})|\S+(?:\s+\S+){{4}})\s+(?P<command>\S.*)")


class LineTooLong(UsageError):
    """Cron would refuse the line."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a tagged line says: when, and the command as the shell gets it."""

    id: str
    at: str
    command: str


def render_line(job: Job, log: Path) -> Line:
    """Return the job's line.

    What goes wrong before the job can keep its own log (a missing interpreter, say) is appended to `log` too.

    Raises:
        UsageError: cron cannot take it: a line break in it.
        LineTooLong: more bytes than cron takes.
    """
    command = f"{shell_command(job)} >>{shlex.quote(str(log))} 2>&1"
    if "\n" in command or "\r" in command:
        raise UsageError("a crontab line cannot hold a line break; take it out of the path or the command")
    escaped = _as_cron_takes_it(command)
    size = len(f"{escaped} {TAG}{job.id}".encode())
    if size > LONGEST_COMMAND:
        raise LineTooLong(
            f"the crontab line would be {size} bytes long, and cron takes {LONGEST_COMMAND}: name a folder or a "
            "quoted glob in place of many files, move options into the file's `run:` block, or use --print systemd"
        )
    return Line(job.id, f"{job.at} {escaped}")


def shell_command(job: Job) -> str:
    """Return the job's command with its environment, quoted for a POSIX shell."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in job.environment.items()]
    return " ".join([*settings, shlex.join(job.command())])


def run_command(job: Job) -> str:
    """Return the plain `batch run` of a job, with paths relative to its folder where they are inside it."""
    again = () if job.mode == "every" else ("--continue",)
    words = [word.removeprefix(f"{job.directory}/") for word in job.arguments]
    return shlex.join(["batch", "run", *words, *again, "--no-progress"])


def parse_line(line: Line) -> Parsed | None:
    """Read a tagged line back; None when somebody has turned it into something else."""
    found = _TIME.fullmatch(line.body)
    if found is None:
        return None
    return Parsed(line.id, found["at"], _as_cron_reads_it(found["command"]))


def _as_cron_takes_it(command: str) -> str:
    """Escape `%`, which cron turns into a line break, and see to it that no other escape begins with a backslash.

    Debian's cron makes one backslash of two, others leave both. A backslash stands within single quotes here
    (`shlex`), so that closing and opening them parts it from what follows without changing a word.
    """
    parted = re.sub(r"\\(?=[\\%])", r"\\''", command)
    return parted.replace("%", r"\%")


def _as_cron_reads_it(command: str) -> str:
    """Return what Debian's cron hands to the shell: escapes undone, up to the first `%` that is bare."""
    words = re.match(r"(?:\\.|[^\\%])*\\?", command, re.DOTALL)
    assert words is not None
    return re.sub(r"\\([\\%])", r"\1", words[0])
