"""A scheduled job as data, and the command line that runs it.

The command stands in the crontab in full, so that what `crontab -l` shows is what runs; nothing else defines a
job. It calls `batch schedule run-job`, which takes the lock, keeps the log and the state, and calls `batch run`.
"""

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["continue", "every", "if-changed"]

# -P: a file named persona_batch.py in the working or home folder must not be taken for the package
BATCH = (sys.executable, "-P", "-m", "persona_batch")
ID = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job.

    Attributes:
        id: its name; letters of any script, digits, `.`, `_`, `-`.
        at: the cron time.
        directory: the working folder, absolute.
        arguments: what `batch run` is given: absolute files, then options.
        mode: `continue` resumes the newest unfinished run, else starts one; `every` starts one each time;
            `if-changed` is `continue`, but rests while the inputs are those of the last complete run.
        env_file: where keys are read from, besides `.env` in the working folder.
        on_failure: a shell command that is given the summary as JSON on stdin.
        environment: variables that cron would not set.
    """

    id: str
    at: str
    directory: Path
    arguments: tuple[str, ...]
    mode: Mode = "continue"
    env_file: Path | None = None
    on_failure: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """Return the words that run the job, without the environment; the interpreter is this one."""
        words = [*BATCH, "schedule", "run-job", self.id, "--directory", str(self.directory)]
        if self.mode != "continue":
            words.append(f"--{self.mode}")
        if self.env_file is not None:
            words += ["--env-file", str(self.env_file)]
        if self.on_failure is not None:
            words += ["--on-failure", self.on_failure]
        return [*words, "--", *self.arguments]

    def run_words(self) -> list[str]:
        """Return the arguments of `batch` that the job calls."""
        return ["run", *self.again, "--json", "--no-progress", *self.arguments]

    def plain_command(self) -> str:
        """Return the plain `batch run` of the job, with paths relative to its folder where they are inside it."""
        words = [word.removeprefix(f"{self.directory}/") for word in self.arguments]
        return shlex.join(["batch", "run", *words, *self.again, "--no-progress"])

    def texts(self) -> list[str]:
        """Return everything that the job's line says and the user had a say in, unquoted."""
        settings = [f"{name}={value}" for name, value in self.environment.items()]
        return [*settings, self.id, str(self.directory), str(self.env_file), self.on_failure or "", *self.arguments]

    @property
    def again(self) -> tuple[str, ...]:
        """What `batch run` is told of the runs before."""
        return () if self.mode == "every" else ("--continue",)

    @property
    def out(self) -> Path:
        """The folder of the job's runs."""
        given = next((value for name, value in pairwise(self.arguments) if name == "--out"), "runs")
        return self.directory / given


def free_id(wanted: str, taken: Sequence[str]) -> str:
    """Return an id like `wanted` that no other job has: `wukong`, `wukong-2`, …"""
    base = "-".join(ID.findall(wanted)) or "job"
    number, found = 1, base
    while found in taken:
        number += 1
        found = f"{base}-{number}"
    return found
