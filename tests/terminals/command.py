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
    whole = bare_env(cwd, **(env or {}))
    if not can_fork(whole):
        return subprocess.run(
            [*BATCH, *args],
            cwd=cwd,
            input=stdin,
            env=whole,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
    with tempfile.TemporaryDirectory() as name:
        streams = [Path(name, stream) for stream in ("in", "out", "err")]
        for path in streams:
            path.write_text("" if path != streams[0] else stdin, encoding="utf-8")
        process = Forked(args, cwd=cwd, env=whole, streams=[str(path) for path in streams])
        code = process.wait(timeout)
        if code is None:
            process.kill()
            raise subprocess.TimeoutExpired(args, timeout)
        out, err = (path.read_bytes().decode("utf-8") for path in streams[1:])
        return subprocess.CompletedProcess(args, code, out, err)


def batch_in_terminal(
    *args: str, cwd: Path, env: Mapping[str, str] | None = None, columns: int = 80
) -> TerminalSession:
    """Run `batch` in a terminal."""
    return TerminalSession([*BATCH, *args], cwd=cwd, env=bare_env(cwd, **(env or {})), columns=columns)
