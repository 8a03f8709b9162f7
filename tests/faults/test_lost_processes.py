"""A process that serves a run is killed or stopped while it works; the run does not notice more than a delay."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faults.grids import Grid
from servers.act import Act, Script
from servers.faulty import serving

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found by /proc")


def children(process: int) -> list[int]:
    """Return the processes that a process started."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(number) for number in listed.split()]


def wait_until(process: "subprocess.Popen[str]", enough: int, count: object) -> None:
    assert callable(count)
    deadline = time.monotonic() + 60
    while count() < enough:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGABRT])
def test_a_lost_worker_costs_no_cell_and_no_retry(how: signal.Signals, tmp_path: Path) -> None:
    with serving(Script(default=Act(latency=0.1, pause=0.02))) as server:
        grid = Grid.make(tmp_path, 60, server.base_url)
        process = grid.start("--workers", "2", "-j", "6", "--retries", "0", "--timeout", "8")
        wait_until(process, 12, lambda: len(server.chats))
        for worker in children(process.pid):
            os.kill(worker, how)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        grid.assert_complete()
        records = grid.records()
        assert {record["status"] for record in records} == {"ok"}
        assert max(record["attempts"] for record in records) in {2, 3}  # lost with the one worker, then with the other
        assert '"kind":"process"' in (grid.only_run / "run.log").read_text(encoding="utf-8")


def test_an_embedded_model_killed_again_and_again_ends_the_run_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").touch()
    stand_in = Path(__file__).parent.parent / "provider" / "llama.py"
    (tmp_path / "xllamacpp.py").write_bytes(stand_in.read_bytes())
    (tmp_path / "p.yaml").write_text("{id: p, system: s, controls: [], questions: [hello]}", encoding="utf-8")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
        "PERSONA_BATCH_MODEL": str(tmp_path / "tiny.gguf"),
    }

    def run(*options: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "persona_batch", "run", "p.yaml", "-n", "4000", "--no-progress", *options],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def replies() -> int:
        return sum(path.read_bytes().count(b"\n") for path in tmp_path.glob("runs/2*/records.jsonl"))

    process = run()
    for _death in range(2):
        wait_until(process, replies() + 5, replies)  # more than were on their way: the server now here has answered
        (server,) = children(process.pid)
        os.kill(server, signal.SIGKILL)
        wait_until(process, 1, lambda: not Path(f"/proc/{server}/fd/0").exists())  # noqa: B023  # called at once
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3, said
    assert re.search(r"the embedded model's server died \(signal 9\), for the second time", said)
    (records,) = tmp_path.glob("runs/2*/records.jsonl")
    lines = records.read_text(encoding="utf-8").splitlines()
    assert 0 < len(lines) < 4000
    assert all('"status":"ok"' in line for line in lines)

    process = run("--resume")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert len(records.read_text(encoding="utf-8").splitlines()) == 4000
