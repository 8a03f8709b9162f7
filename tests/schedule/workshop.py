"""A folder with a persona, a state folder of its own, and the real commands run in cron's bare environment."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_batch.schedule.job import Job
from persona_batch.schedule.state import JobState, StateFolder
from terminals.command import batch_in

PERSONA = """\
id: pirate
system: You are a pirate.
controls: [none]
questions: [What is the sea?, What is gold?, What is rum?]
"""
COVERAGE = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE")


@dataclass(frozen=True)
class Workshop:
    """`folder` holds pirate.yaml, and `runs` once there are any: two arms and three questions, six cells."""

    folder: Path
    state: StateFolder

    @classmethod
    def at(cls, root: Path) -> "Workshop":
        folder = root / "my 工作 5\\%"
        folder.mkdir()
        (folder / "pirate.yaml").write_text(PERSONA, encoding="utf-8")
        return cls(folder, StateFolder(root / "state"))

    @property
    def file(self) -> Path:
        return self.folder / "pirate.yaml"

    def env(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in COVERAGE if name in os.environ}
        return {
            "HOME": str(self.folder.parent),
            "LOGNAME": "me",
            "SHELL": "/bin/sh",
            "PATH": "/usr/bin:/bin",
            "PERSONA_BATCH_STATE": str(self.state.root),
            **kept,
            **more,
        }

    def job(self, *options: str, **fields: object) -> Job:
        given: dict[str, object] = {
            "id": "pirate",
            "at": "@daily",
            "directory": self.folder,
            "arguments": (str(self.file), *options),
            **fields,
        }
        return Job(**given)  # type: ignore[arg-type]  # the fields are those of Job

    def start(self, job: Job, **env: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            job.command(),
            cwd=self.folder.parent,
            env=self.env(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def perform(self, job: Job, **env: str) -> int:
        """Run a job to its end; a job never says anything to cron, which would mail it."""
        done = self.start(job, **env)
        out, err = done.communicate(timeout=300)
        assert (out, err) == (b"", b"")
        return done.returncode

    def batch(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run `batch` as a user would, in the folder."""
        return batch_in(self.env(**env), *words, cwd=self.folder, timeout=90)

    def runs(self) -> list[Path]:
        return sorted(path for path in (self.folder / "runs").glob("2*") if path.is_dir())

    def records(self, run: Path) -> list[dict[str, object]]:
        return [json.loads(line) for line in (run / "records.jsonl").read_text(encoding="utf-8").splitlines()]

    def last(self, job_id: str = "pirate") -> JobState:
        found = self.state.read(job_id)
        assert found is not None
        return found

    def log(self, job_id: str = "pirate") -> str:
        return self.state.log(job_id).read_text(encoding="utf-8")


def eventually(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.02)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End it at once, as nobody can prepare for."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def endpoint(base_url: str, *more: str) -> Sequence[str]:
    """Options for a test server."""
    return ("--base-url", base_url, "--model", "test-model", *more)
