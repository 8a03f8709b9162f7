"""The user's crontab: our lines are tagged at their end, all others are carried byte for byte.

python-crontab reads and validates cron times for us (see `when`), but its own reading and writing of a whole
crontab re-renders every line of it (spaces, variables, lines it cannot parse), so the file itself is handled
here, as bytes. Our own lines are jobs, quoted for cron and for the shell that cron starts.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from persona_batch.errors import BatchError, UsageError
from persona_batch.schedule.job import Job
from persona_batch.schedule.when import NAMES

TAG = "# persona-batch:"
# Debian's cron refuses longer commands ("command too long"); counted without the time fields
LONGEST_COMMAND = 998
_TAGGED = re.compile(rb"(?P<body>.*) " + TAG.encode() + rb"(?P<id>[^\s#]+)\s*")
_TIME = re.compile(rf"\s*(?P<at>(?:{'|'.join(NAMES)})|\S+(?:\s+\S+){{4}})\s+(?P<command>\S.*)")


class NoCrontab(UsageError):
    """This machine has no cron."""


class LineTooLong(UsageError):
    """Cron would refuse the line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One tagged line: the job's id and what stands before the tag."""

    id: str
    body: str

    def __str__(self) -> str:
        return f"{self.body} {TAG}{self.id}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a tagged line says: when, and the command as the shell gets it."""

    at: str
    command: str


@dataclass(frozen=True, slots=True)
class Crontab:
    """The bytes of a crontab; every change returns a new one."""

    content: bytes

    def jobs(self) -> Iterator[Line]:
        """Yield our lines, those commented out left aside."""
        for raw in self.content.split(b"\n"):
            found = _TAGGED.fullmatch(raw)
            if found and not raw.lstrip().startswith(b"#"):
                yield Line(found["id"].decode("utf-8", "replace"), found["body"].decode("utf-8", "replace"))

    def with_job(self, line: Line) -> "Crontab":
        """Return the crontab with one more line, at its end."""
        before = self.content
        if before and not before.endswith(b"\n"):
            before += b"\n"
        return Crontab(before + f"{line}\n".encode())

    def without_job(self, job_id: str) -> "Crontab":
        """Return the crontab without the lines of this job."""
        kept = [raw for raw in self.content.splitlines(keepends=True) if not _is(raw, job_id)]
        return Crontab(b"".join(kept))


def _is(raw: bytes, job_id: str) -> bool:
    found = _TAGGED.fullmatch(raw.rstrip(b"\n"))
    return found is not None and found["id"] == job_id.encode()


def read_crontab() -> Crontab:
    """Return the user's crontab; an empty one where there is none.

    Raises:
        NoCrontab: there is no `crontab` program.
        BatchError: it refused to list the crontab.
    """
    done = _crontab("-l")
    if done.returncode == 0:
        return Crontab(done.stdout)
    said = done.stderr.decode("utf-8", "replace").strip()
    if "no crontab for" in said:
        return Crontab(b"")
    raise BatchError(f"crontab -l: {said or f'exit {done.returncode}'}; is this user allowed to use cron?")


def install_crontab(tab: Crontab) -> None:
    """Replace the user's crontab; an empty one is removed.

    Raises:
        NoCrontab: there is no `crontab` program.
        BatchError: it refused the crontab; the old one stands.
    """
    done = _crontab("-", tab.content) if tab.content else _crontab("-r")
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise BatchError(f"crontab: {said or f'exit {done.returncode}'}; the crontab is as it was")


@contextmanager
def editing(state: Path) -> Iterator[None]:
    """Keep two of us from editing the crontab at once (the last writer would undo the first).

    `state` is the folder for the lock; it stands.
    """
    from filelock import FileLock

    with FileLock(state / "crontab.lock", timeout=30):
        yield


def _crontab(argument: str, content: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    program = shutil.which("crontab")
    if program is None:
        raise NoCrontab(
            "there is no `crontab` on this machine: install cron (`apt-get install cron`), "
            "or use --print systemd and manage the timer yourself"
        )
    # "no crontab for" is looked for in the answer, so it must not come translated
    plain = {**os.environ, "LC_ALL": "C"}
    return subprocess.run([program, argument], input=content, capture_output=True, check=False, env=plain)  # noqa: S603


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
    size = len(str(Line(job.id, escaped)).encode())
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


def parse_line(line: Line) -> Parsed | None:
    """Read a tagged line back; None when somebody has turned it into something else."""
    found = _TIME.fullmatch(line.body)
    if found is None:
        return None
    return Parsed(found["at"], _as_cron_reads_it(found["command"]))


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
