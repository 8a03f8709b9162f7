"""`batch` as a real process, in an environment of its own."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from terminals.forked import Forked, can_fork
from terminals.session import BATCH, TerminalSession


def bare_env(home: Path, **more: str) -> dict[str, str]:
    """Return an environment without keys, colours or settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **kept, **more}


def batch(
    *args: str,
    cwd: Path,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Run `batch` with no terminal for its streams; `env` is added to the bare environment."""
    return batch_in(bare_env(cwd, **(env or {})), *args, cwd=cwd, stdin=stdin, timeout=timeout)


def batch_in(
    env: Mapping[str, str], *args: str, cwd: Path, stdin: str = "", timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run `batch` in just this environment."""
    if not can_fork(env):
        return subprocess.run(
            [*BATCH, *args],
            cwd=cwd,
            input=stdin,
            env=env,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
    with tempfile.TemporaryDirectory() as name:
        given, out, err = (Path(name, stream) for stream in ("in", "out", "err"))
        given.write_text(stdin, encoding="utf-8")
        out.touch()
        err.touch()
        process = Forked(args, cwd=cwd, env=env, streams=(str(given), str(out), str(err)))
        code = process.wait(timeout)
        if code is None:
            process.kill()
            raise subprocess.TimeoutExpired(args, timeout)
        return subprocess.CompletedProcess(args, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def batch_in_terminal(
    *args: str, cwd: Path, env: Mapping[str, str] | None = None, columns: int = 80
) -> TerminalSession:
    """Run `batch` in a terminal."""
    return TerminalSession([*BATCH, *args], cwd=cwd, env=bare_env(cwd, **(env or {})), columns=columns)
