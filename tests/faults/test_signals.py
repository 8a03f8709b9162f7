import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.grids import Grid
from servers.act import Act, Script
from servers.faulty import FaultyServer, serving


def _wait(process: "subprocess.Popen[str]", until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _wait_for_requests(server: FaultyServer, process: "subprocess.Popen[str]", count: int) -> None:
    _wait(process, lambda: len(server.chats) >= count)


def _wait_for_the_stop(grid: Grid, process: "subprocess.Popen[str]") -> None:
    """Wait until the process has taken notice of a signal."""
    _wait(process, lambda: b'"event":"stop"' in (grid.only_run / "run.log").read_bytes())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_running_requests_finish(tmp_path: Path, number: signal.Signals) -> None:
    script = Script(acts=[Act()] * 4, default=Act(stall_after=100))
    with serving(script) as server:
        grid = Grid.make(tmp_path, 50, server.base_url)
        process = grid.start("-j", "4")
        _wait_for_requests(server, process, 8)
        process.send_signal(number)
        _wait_for_the_stop(grid, process)
        server.release()
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130, errors
        assert errors.count(f"interrupted ({number.name}): what is running has a few seconds to finish") == 1
        assert len(grid.records()) == len(server.chats) == 8
        assert grid.manifest()["state"] == "interrupted"

        assert grid.run("--resume").code == 0
        grid.assert_complete()
        assert len(server.chats) == 50


def test_the_second_signal_stops_at_once_and_keeps_what_is_done(tmp_path: Path) -> None:
    with serving(Script(acts=[Act()] * 4, default=Act(stall_after=100))) as server:
        grid = Grid.make(tmp_path, 50, server.base_url)
        process = grid.start("-j", "4")
        _wait_for_requests(server, process, 8)
        process.send_signal(signal.SIGINT)
        _wait_for_the_stop(grid, process)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
        assert time.monotonic() - sent < 3
        assert len(grid.records()) == 4


def test_a_second_process_on_a_run_exits_4_and_a_dead_ones_lock_is_free(tmp_path: Path) -> None:
    with serving(Script(acts=[Act()] * 4, default=Act(stall_after=100))) as server:
        grid = Grid.make(tmp_path, 20, server.base_url)
        process = grid.start("-j", "4")
        _wait_for_requests(server, process, 5)
        second = grid.run("--resume")
        assert second.code == 4
        assert f"process {process.pid}" in second.err
        process.kill()
        process.communicate()
        server.release()
        assert grid.run("--resume").code == 0
        grid.assert_complete()
