"""Signals before the first request: nothing was asked, so nothing may be left behind."""

import os
import signal
import socket
from pathlib import Path

import pytest

from faults.grids import Grid
from servers.act import Act, Script
from servers.faulty import serving


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_endpoint_is_first_contacted_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        grid = Grid.make(tmp_path, 3, f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        process = grid.start()
        silent.settimeout(60)
        with silent.accept()[0]:
            process.send_signal(number)
            out, errors = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert errors == f"batch: interrupted ({number.name})\n"
    assert not (tmp_path / "runs").exists()


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    script = Script(acts=[Act()], default=Act(stall_after=100))
    with serving(script) as server:
        grid = Grid.make(tmp_path, 10, server.base_url)
        process = grid.start("-j", "2", wrapped_by=["nohup"])
        while len(server.chats) < 2:
            assert process.poll() is None, process.communicate()
        os.kill(process.pid, signal.SIGHUP)
        server.release()
        process.communicate(timeout=60)
        assert process.returncode == 0
        grid.assert_complete()
