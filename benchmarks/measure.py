"""Runs programs on the client's core and says what they took; medians with their spread."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any

from benchmarks.endpoint import CLIENT_CORE, on_core

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Run:
    """One finished program: seconds of wall and CPU, peak memory in MB, its start (perf_counter_ns), its stdout."""

    wall: float
    cpu: float
    peak: float
    started_ns: int
    stdout: str


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of repeated measurements."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise at least one value."""
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        return f"{number(self.middle)} ({number(self.least)}–{number(self.most)})"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def run(
    command: Sequence[object],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    accept: Sequence[int] = (0,),
    core: int | None = CLIENT_CORE,
    timeout: float = 900.0,
) -> Run:
    """Run a program to its end, on the client's core unless another is named (None: on all).

    CPU and peak memory include children it has waited for (memory: the largest of them, not the sum).

    Raises:
        RuntimeError: it ended with another code than those accepted, or took longer than `timeout` seconds.
    """
    argv = [str(part) for part in command]
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        started = time.perf_counter_ns()
        with on_core(core):
            process = subprocess.Popen(
                argv,
                cwd=folder,
                env={**plain_environment(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        alarm = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = (time.perf_counter_ns() - started) / 1e9
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [read_back(stdout), read_back(stderr)]
    if process.returncode not in accept:
        tail = "\n".join(text[-3000:] for text in texts)
        raise RuntimeError(f"{' '.join(argv)} ended with {process.returncode} after {wall:.0f} s:\n{tail}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, started, texts[0])


def plain_environment() -> dict[str, str]:
    """Return this process's environment without what makes Python slower than usual (no bytecode, no buffers)."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def read_back(file: IO[bytes]) -> str:
    """Return all that was written to a file that is still open."""
    file.seek(0)
    return file.read().decode(errors="replace")


def client(module: str, *arguments: object) -> dict[str, Any]:
    """Run one of benchmarks/clients with this interpreter and return the JSON object it prints."""
    command = [sys.executable, "-m", f"benchmarks.clients.{module}", *map(str, arguments)]
    result: dict[str, Any] = json.loads(run(command, folder=ROOT).stdout)
    return result
