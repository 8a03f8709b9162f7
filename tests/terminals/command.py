"""`batch` as a real process, in an environment of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from terminals.session import TerminalSession

BATCH = (sys.executable, "-m", "persona_batch")


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
    """Run `batch` with pipes for its streams; `env` is added to the bare environment."""
    return subprocess.run(
        [*BATCH, *args],
        cwd=cwd,
        input=stdin,
        env=bare_env(cwd, **(env or {})),
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def batch_in_terminal(
    *args: str, cwd: Path, env: Mapping[str, str] | None = None, columns: int = 80
) -> TerminalSession:
    """Run `batch` in a terminal."""
    return TerminalSession([*BATCH, *args], cwd=cwd, env=bare_env(cwd, **(env or {})), columns=columns)
