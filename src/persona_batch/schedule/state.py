"""What is known of each job between its runs: last start and end, exit code, its run. One small JSON file a job.

The folder is `PERSONA_BATCH_STATE`, or the user's state folder; files are replaced atomically.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from persona_batch.errors import StorageError
from persona_batch.folders import state_folder
from persona_batch.record.rundir import is_alive
from persona_batch.wording import counted

MAX_BYTES = 1_000_000  # of a log
KEEP = 5  # older logs: `job.log.1`, …
MEANINGS = {
    0: "complete",
    1: "finished, some cells failed",
    2: "wrong usage, wrong file or missing key",
    3: "stopped early, goes on next time",
    4: "another job or process was at work on it",
    100: "checks under --fail-under",
    130: "interrupted",
}


class JobState(msgspec.Struct, kw_only=True):
    """One job's last run. Times are UTC, ISO 8601; `exit_code` is None while it runs, negative for a signal.

    `born` tells its process from a later one of the same number. `out` is the folder of its runs, `run` the last of
    them. `said`: it left a summary, as a run does that came to its end; `submitted` cells are in batch files whose
    results are to come; `every`: the next run will be a new one.
    `fingerprint` stands for the inputs of the last complete run (see `perform.fingerprint`); `skipped_at` is the last
    time that nothing had changed.
    """

    job: str
    pid: int
    born: int | None = None
    started: str
    ended: str | None = None
    exit_code: int | None = None
    said: bool = True
    submitted: int = 0
    every: bool = False
    out: str | None = None
    run: str | None = None
    fingerprint: str | None = None
    skipped_at: str | None = None

    @property
    def meaning(self) -> str:
        """The exit code in words; a job that ended without leaving one was killed."""
        if self.exit_code is None:
            return "running" if self.running else "killed"
        if self.exit_code == 1 and not self.said:
            return "failed, see its log"
        if self.exit_code == 3 and self.submitted:
            return f"{counted(self.submitted, 'cell')} submitted, results are collected next time"
        if self.exit_code == 3 and self.every:
            return "stopped early"
        return meaning(self.exit_code)

    @property
    def running(self) -> bool:
        """Whether the job is at work."""
        return self.exit_code is None and is_alive(self.pid, self.born)


def meaning(exit_code: int) -> str:
    """Return what an exit code of `batch run` says; a negative one is a signal's."""
    if exit_code < 0:
        return f"killed by signal {-exit_code}"
    return MEANINGS.get(exit_code, f"exit code {exit_code}")


class StateFolder:
    """Where states, locks and logs of jobs are kept."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "StateFolder":
        """Return the folder that the environment names, or the user's."""
        return cls(state_folder(env).absolute())

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            StorageError: they cannot be written.
        """
        try:
            for name in ("jobs", "logs", "locks"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=self.root / name).close()
        except OSError as error:
            raise StorageError(
                f"{self.root}: cannot be written ({error.strerror}); set PERSONA_BATCH_STATE to a folder that can"
            ) from error

    def log(self, job_id: str) -> Path:
        """Return the job's log file."""
        return self.root / "logs" / f"{job_id}.log"

    def lock(self, name: str) -> Path:
        """Return the lock file of that name."""
        return self.root / "locks" / f"{name}.lock"

    def read(self, job_id: str) -> JobState | None:
        """Return what is known of a job; None where it never ran, or its file is damaged."""
        try:
            return msgspec.json.decode(self._path(job_id).read_bytes(), type=JobState)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, state: JobState) -> None:
        """Replace what is known of a job; the folders stand (see `prepare`)."""
        path = self._path(state.job)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")
        Path(name).replace(path)

    def forget(self, job_id: str) -> None:
        """Remove what is known of a job; its log stays."""
        self._path(job_id).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[JobState]:
        """Yield the state of every job that ever ran."""
        for path in sorted((self.root / "jobs").glob("*.json")):
            state = self.read(path.stem)
            if state is not None:
                yield state

    def _path(self, job_id: str) -> Path:
        return self.root / "jobs" / f"{job_id}.json"


def now() -> str:
    """Return this moment, UTC, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def open_log(path: Path, *, max_bytes: int = MAX_BYTES, keep: int = KEEP) -> BinaryIO:
    """Open a log for appending, after moving it aside when it has grown beyond `max_bytes`; the oldest is dropped.

    Only one process at a time may do this: the job's lock is taken first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > max_bytes:
        for number in range(keep - 1, 0, -1):
            older = _numbered(path, number)
            if older.exists():
                older.replace(_numbered(path, number + 1))
        path.replace(_numbered(path, 1))
    return path.open("ab", buffering=0)


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
