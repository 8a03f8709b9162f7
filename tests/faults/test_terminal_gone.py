"""A terminal that is closed while a run goes on: the run is interrupted, and nobody is told of a bug."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from faults.grids import KEY, Grid
from servers.act import Act, Script
from servers.faulty import serving

# Starts a command as a new session whose controlling terminal is its standard input.
ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


def test_a_closed_terminal_interrupts_the_run(tmp_path: Path) -> None:
    with serving(Script(default=Act(latency=0.2))) as server:
        grid = Grid.make(tmp_path, 60, server.base_url)
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "persona_batch", "run", "wukong.yaml", "--base-url", server.base_url]
        process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, *command, "--api-key-env", "TEST_KEY", "-m", "test-model"],
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path), "TEST_KEY": KEY, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        os.set_blocking(ours, False)
        while len(server.chats) < 16:
            assert process.poll() is None
            try:
                os.read(ours, 65536)
            except BlockingIOError:
                continue
        os.close(ours)
        assert process.wait(60) == 130
        assert grid.manifest()["state"] == "interrupted"
        assert len(grid.records()) == len(server.chats)
        assert not list(tmp_path.rglob("bug-*.log"))
