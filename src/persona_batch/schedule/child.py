"""`batch run` as a child: its stdout comes back, its stderr goes to the log, SIGTERM is handed on to it.

On Linux the child dies with its parent, so that `kill -9` of a job leaves nothing behind that holds the run.
"""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

_PR_SET_PDEATHSIG = 1


def run_child(words: Sequence[str], directory: Path, env: Mapping[str, str], log: BinaryIO) -> tuple[int, bytes]:
    """Run `batch` with these arguments and return its exit code (negative: a signal's) and its stdout."""
    with (
        subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-P", "-m", "persona_batch", *words],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(env),
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - we have one thread
        ) as child,
        _handing_on(child),
    ):
        output, _ = child.communicate()
    return child.returncode, output


@contextmanager
def _handing_on(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Give SIGTERM and SIGINT to the child, which stops in good order; we wait for it."""

    def hand_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
