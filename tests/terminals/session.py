"""A pseudo-terminal with a program in it, as a user sits before it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from terminals.forked import Forked, can_fork

# The child makes the terminal its own, so that Ctrl-C reaches it as it would from a keyboard.
_LOGIN = "import os,sys; os.login_tty(os.open(sys.argv[1], os.O_RDWR)); os.execv(sys.argv[2], sys.argv[2:])"
BATCH = (sys.executable, "-m", "persona_batch")
_SGR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CTRL_C, CTRL_D = "\x03", "\x04"


class TerminalSession:
    """Runs a program in a terminal of `columns` × `rows`; use as a context manager."""

    def __init__(
        self, program: Sequence[str], *, cwd: Path, env: Mapping[str, str], columns: int = 80, rows: int = 24
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.output = ""
        self._raw = b""
        name, env = os.ttyname(slave), {"TERM": "xterm-256color", **env}
        self._process: subprocess.Popen[bytes] | Forked
        if tuple(program[: len(BATCH)]) == BATCH and can_fork(env):
            self._process = Forked(program[len(BATCH) :], cwd=cwd, env=env, streams=[name], terminal=True)
        else:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _LOGIN, name, *program], cwd=cwd, env=env, start_new_session=True
            )
        # kept open until the program has it too: a terminal that nobody holds reports its end
        self._slave = slave

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._slave)
        os.close(self._master)

    @property
    def text(self) -> str:
        """What was written so far, without colours and cursor movements."""
        return _SGR.sub("", self.output).replace("\r\n", "\n")

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def expect(self, text: str, *, times: int = 1, seconds: float = 30.0) -> None:
        """Wait until `text` was written that often."""
        deadline = time.monotonic() + seconds
        while self.text.count(text) < times:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{text!r} ({times}×) did not come; there was:\n{self.text}")

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until the program ends; return its exit code."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            self._read(0.05)
            assert time.monotonic() < deadline, f"still running; there was:\n{self.text}"
        while self._read(0.0):
            pass
        code = self._process.returncode
        assert code is not None
        return int(code)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(seconds, 0.0))
        if not ready:
            return False
        self._raw += os.read(self._master, 65536)
        self.output = self._raw.decode("utf-8", "ignore")
        return True
