"""The failure command: what it gets, and what becomes of one that hangs, fails or does not listen."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from persona_batch.schedule.perform import notice_of, notify
from persona_batch.schedule.state import JobState
from schedule.workshop import eventually

STATE = JobState(job="孙悟空", pid=1, started="2026-11-22T03:00:00Z", ended="2026-11-22T03:12:00Z", exit_code=100)
ENV = {"PATH": os.defpath}


def test_the_command_gets_one_line_of_json_with_the_summary_as_it_was_printed(tmp_path: Path) -> None:
    notice = notice_of(STATE, tmp_path / "job.log", b'{"path": "runs/x", "counts": {"ok": 3}}')
    with (tmp_path / "job.log").open("ab") as log:
        assert notify("cat > told; echo heard", notice, log, ENV, tmp_path) is None
    told = (tmp_path / "told").read_text(encoding="utf-8")
    assert told.endswith("\n")
    assert json.loads(told)["summary"] == {"path": "runs/x", "counts": {"ok": 3}}
    assert json.loads(told)["job"] == "孙悟空"
    assert (tmp_path / "job.log").read_bytes() == b"heard\n"


def test_a_run_that_printed_nothing_has_no_summary(tmp_path: Path) -> None:
    notice = notice_of(STATE, tmp_path / "job.log", b"")
    with (tmp_path / "job.log").open("ab") as log:
        assert notify(f"cat > '{tmp_path / 'told'}'", notice, log, ENV, tmp_path) is None
    assert json.loads((tmp_path / "told").read_bytes())["summary"] is None


@pytest.mark.parametrize(("command", "problem"), [("exit 7", "exit 7"), ("exec <&-; sleep 0; exit 0", None)])
def test_a_command_that_fails_or_does_not_listen(tmp_path: Path, command: str, problem: str | None) -> None:
    with (tmp_path / "job.log").open("ab") as log:
        notice = notice_of(STATE, tmp_path / "job.log", b'{"text": "%s"}' % (b"x" * 1_000_000))
        assert notify(command, notice, log, ENV, tmp_path) == problem


@pytest.mark.skipif(sys.platform != "linux", reason="reads the state of a process from /proc")
def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    with (tmp_path / "job.log").open("ab") as log:
        command = f"sleep 600 & echo $! > '{tmp_path / 'child'}'; wait"
        said = notify(command, notice_of(STATE, tmp_path / "job.log", b""), log, ENV, tmp_path, seconds=1)
    assert said == "still busy after 1 s, ended"
    child = int((tmp_path / "child").read_text(encoding="ascii"))
    eventually(lambda: has_ended(child), "the end of what the command started")


@pytest.mark.parametrize("command", ["env", 'echo "to $HOOK_TOKEN" >&2', "echo sk-0123456789abcdefghij"])
def test_what_the_command_says_is_logged_without_keys(tmp_path: Path, command: str) -> None:
    env = {**ENV, "HOOK_TOKEN": "odd.value-77", "OLLAMA_API_KEY": "ollama"}
    with (tmp_path / "job.log").open("ab") as log:
        assert notify(command, notice_of(STATE, tmp_path / "job.log", b""), log, env, tmp_path) is None
    said = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert "[key]" in said
    assert "odd.value-77" not in said
    assert "0123456789" not in said
    assert "OLLAMA_API_KEY" not in said or "OLLAMA_API_KEY=ollama" in said


def test_what_the_command_leaves_running_does_not_keep_the_job(tmp_path: Path) -> None:
    with (tmp_path / "job.log").open("ab") as log:
        command = f"sleep 600 & echo $! > '{tmp_path / 'child'}'; echo told"
        assert notify(command, notice_of(STATE, tmp_path / "job.log", b""), log, ENV, tmp_path) is None
    assert (tmp_path / "job.log").read_bytes() == b"told\n"
    os.kill(int((tmp_path / "child").read_text(encoding="ascii")), signal.SIGKILL)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or dead and waiting for somebody to take note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
