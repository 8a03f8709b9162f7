"""A network namespace of its own for Ray, which would listen on the machine's address and try one of the world's."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_UP = 'ip link set lo up && exec "$@"'


@cache
def namespace() -> tuple[tuple[str, ...], str]:
    """Return the command that others are put after, and why there is none (empty: there is one)."""
    if importlib.util.find_spec("ray") is None:
        return (), "Ray is not installed: uv sync --group gate"
    if not (shutil.which("unshare") and shutil.which("ip")):
        return (), "unshare and ip (util-linux, iproute2) are not there"
    for options in ("--net",), ("--net", "--map-root-user"):
        command = ("unshare", *options, "--fork", "--pid", "--kill-child", "--mount-proc", "sh", "-c", _UP, "sh")
        if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command, ""
    return (), "network namespaces are not allowed here"


def run_inside(command: Sequence[str], folder: Path, *, timeout: float) -> "subprocess.CompletedProcess[str]":
    """Run a program in a namespace, with Ray's files in a folder; when it ends, every process of the namespace does."""
    short = folder / "ray"  # a socket's name has 107 characters at most
    short.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "RAY_TMPDIR": str(short),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "HOME": str(folder),
    }
    for name in ("COVERAGE_PROCESS_START", "RAY_ADDRESS"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [*namespace()[0], *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=timeout)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out)
