"""`batch` in a process of its own that starts at once: forked from one that has imported what the commands import.

Importing takes a command longer than most of what the tests let it do. Everything else is as in a process that was
started as `python -m persona_batch`: the environment, the working folder, the streams or the terminal. What is
about starting itself (what is imported, signals at the start) is tested by such a process.
"""

import multiprocessing
import os
import runpy
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

FROM_START = ("PYTHON", "LC_")
"""Beginnings of variables that Python reads when it starts: who sets one needs a process that was started."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "rjieba",
        "scipy.stats",
        "persona_batch.cli.run",
        "persona_batch.cli.chat",
        "persona_batch.cli.ask",
        "rich.live",
        "dotenv",
        "persona_batch.pipeline.run",
        "persona_batch.comparing.compare",
        "persona_batch.view.comparison_table",
        "persona_batch.provider.openai",
    ]
)


def can_fork(env: Mapping[str, str]) -> bool:
    """Say whether a process with this environment can be had by forking."""
    return not any(name.startswith(FROM_START) for name in env)


class Forked:
    """A running `batch`, with the words of `subprocess.Popen`; `streams` are paths for its standard streams."""

    def __init__(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str], streams: Sequence[str], terminal: bool = False
    ) -> None:
        self._process = _FORKS.Process(target=_batch, args=(args, str(cwd), dict(env), streams, terminal))
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """The exit code, or the signal that ended it as a negative number; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it ends, or so many seconds; return the exit code if it has ended."""
        self._process.join(timeout)
        return self._process.exitcode

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()


def _batch(args: Sequence[str], cwd: str, env: Mapping[str, str], streams: Sequence[str], terminal: bool) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    if terminal:
        os.login_tty(os.open(streams[0], os.O_RDWR))
    else:
        for number, path in enumerate(streams):
            opened = os.open(path, os.O_WRONLY if number else os.O_RDONLY)
            os.dup2(opened, number)
            os.close(opened)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.__stdin__ = sys.stdin  # type: ignore[misc]  # what a new process has
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.__stdout__ = sys.stdout  # type: ignore[misc]
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stderr__ = sys.stderr  # type: ignore[misc]
    sys.argv = ["batch", *args]
    time.tzset()
    try:
        runpy.run_module("persona_batch", run_name="__main__", alter_sys=True)
    finally:
        _keep_coverage()


def _keep_coverage() -> None:
    """Write what the gate measures: a process that was forked leaves without the work of `atexit`."""
    if "coverage" in sys.modules:
        from coverage import Coverage

        measured = Coverage.current()
        if measured is not None:
            measured.stop()
            measured.save()
