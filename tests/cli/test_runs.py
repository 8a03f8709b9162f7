"""`batch runs`: what was run, and how it ended."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.calling import Call, Called
from cli.run_folders import write_run
from persona_batch.record import ErrorInfo
from persona_batch.record.manifest import Manifest, State, TokenSums, write_manifest
from persona_batch.record.rundir import birth
from persona_batch.record.submissions import Event, enter, intend
from terminals.command import batch, batch_in_terminal
from view.records import make_cell, make_record


def add_run(folder: Path, name: str, state: State, *, batch_id: str = "wukong", exit_code: int | None = 0) -> Path:
    """Write a run of two records, one failed, with its manifest."""
    run = write_run(
        folder,
        [
            make_record(make_cell()),
            make_record(make_cell("b"), status="error", error=ErrorInfo("server", "x"), usage=None),
        ],
        name,
    )
    sealed = state != "running"
    manifest = Manifest(
        run_id=name,
        batch_id=batch_id,
        state=state,
        exit_code=exit_code if sealed else None,
        started_at="2026-11-22T06:56:00.000Z",
        provider="test",
        endpoint="test",
        models=["m"],
        cells=1200,
        counts={"ok": 1, "error": 1} if sealed else {},
        tokens=TokenSums(22, 180, 202) if sealed else TokenSums(),
    )
    write_manifest(run / "run.json", manifest)
    return run


def states(done: Called) -> dict[str, str]:
    """Return the states that `--json` prints, by run."""
    assert done.code == 0
    return {row["run_id"]: row["state"] for row in json.loads(done.out)}


def test_a_run_is_a_row_with_when_batch_done_failed_tokens_and_state(tmp_path: Path) -> None:
    add_run(tmp_path, "20261122T065600Z-wukong", "failed", exit_code=1)
    done = batch("runs", cwd=tmp_path, env={"TZ": "UTC"})
    assert done.stdout == (
        "run               when              batch      done  failed  tokens  state\n"
        "20261122T065600Z  2026-11-22 06:56  wukong  2/1,200       1  22+180  failed\n"
        "202 tokens (22 prompt + 180 reply)\n"
    )


def test_a_run_that_filters_narrowed_says_of_how_many_cells_it_is_a_part(tmp_path: Path, call: Call) -> None:
    (tmp_path / "p.yaml").write_text("system: x\nquestions: [a, b]\n", encoding="utf-8")
    call("run", "p.yaml", "--provider", "scripted", "--limit", "4")
    row = call("runs").out.splitlines()[1]
    assert " 4/4 " in row
    assert row.endswith("complete, part of 6")
    call("run", "p.yaml", "--provider", "scripted", "--continue")
    assert call("runs").out.splitlines()[1].split()[-1] == "complete"


def test_a_run_that_waits_for_batch_files_says_how_many_cells_are_submitted(tmp_path: Path, call: Call) -> None:
    run = add_run(tmp_path, "20261122T065600Z-wukong", "stopped", exit_code=3)
    keys = [f"{number:032x}" for number in range(1198)]
    one = intend(run / "submissions.jsonl", Event(id="b1", step="intended", at="2026-11-22T07:00:00.000Z", keys=keys))
    enter(run / "submissions.jsonl", one, "created", batch_id="batch_67c0")
    assert call("runs").out.splitlines()[1].endswith("  stopped, 1,198 submitted")
    assert json.loads(call("runs", "--json").out)[0]["submitted"] == 1198
    enter(run / "submissions.jsonl", one, "collected", counts={"records": 1198})
    assert call("runs").out.splitlines()[1].endswith("  stopped")


def test_several_runs_have_a_total(tmp_path: Path, call: Call) -> None:
    for day in range(22, 30):
        add_run(tmp_path, f"202611{day}T065600Z-wukong", "complete")
    *_, total, tokens = call("runs").out.splitlines()
    assert total.split() == ["8", "runs", "16", "8", "176+1,440"]
    assert tokens == "1,616 tokens (176 prompt + 1,440 reply)"


def test_runs_are_listed_oldest_first(tmp_path: Path, call: Call) -> None:
    for day in ("23", "21", "22"):
        add_run(tmp_path, f"202611{day}T000000Z-wukong", "complete")
    assert list(states(call("runs", "--json"))) == [f"202611{day}T000000Z-wukong" for day in ("21", "22", "23")]


def test_json_has_the_numbers(tmp_path: Path, call: Call) -> None:
    run = add_run(tmp_path, "20261122T065600Z-wukong", "stopped", exit_code=3)
    (row,) = json.loads(call("runs", "--json").out)
    assert row == {
        "run_id": run.name,
        "path": f"runs/{run.name}",
        "batch_id": "wukong",
        "started_at": "2026-11-22T06:56:00.000Z",
        "ended_at": None,
        "state": "stopped",
        "exit_code": 3,
        "cells": 1200,
        "batch_cells": None,
        "shard": None,
        "done": 2,
        "counts": {"ok": 1, "error": 1},
        "submitted": 0,
        "tokens": 202,
        "prompt_tokens": 22,
        "completion_tokens": 180,
        "cost": None,
    }


def test_a_run_whose_process_is_gone_was_killed_and_its_records_are_counted(tmp_path: Path, call: Call) -> None:
    run = add_run(tmp_path, "20261122T065600Z-wukong", "running")
    (run / "run.lock").write_text("999999999\n", encoding="ascii")
    (row,) = json.loads(call("runs", "--json").out)
    assert (row["state"], row["done"], row["counts"], row["tokens"]) == ("killed", 2, {"ok": 1, "error": 1}, 202)


def test_a_run_whose_process_lives_is_running(tmp_path: Path, call: Call) -> None:
    run = add_run(tmp_path, "20261122T065600Z-wukong", "running")
    (run / "run.lock").write_text(f"{os.getpid()}\n", encoding="ascii")
    assert states(call("runs", "--json")) == {run.name: "running"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads how a process stands from /proc")
def test_a_killed_run_is_no_running_one_though_its_process_number_is_still_in_use(tmp_path: Path, call: Call) -> None:
    run = add_run(tmp_path, "20261122T065600Z-wukong", "running")
    born = birth(os.getpid())
    assert born is not None
    (run / "run.lock").write_text(f"{os.getpid()}\n{born}\n", encoding="ascii")
    assert states(call("runs", "--json")) == {run.name: "running"}
    (run / "run.lock").write_text(f"{os.getpid()}\n{born - 1}\n", encoding="ascii")  # went to another process
    assert states(call("runs", "--json")) == {run.name: "killed"}
    with subprocess.Popen(["sleep", "60"]) as process:
        (run / "run.lock").write_text(f"{process.pid}\n{birth(process.pid)}\n", encoding="ascii")
        assert states(call("runs", "--json")) == {run.name: "running"}
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and its parent has not asked how it ended
        assert states(call("runs", "--json")) == {run.name: "killed"}


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path, call: Call) -> None:
    whole = add_run(tmp_path, "20261122T000000Z-a", "complete")
    damaged = add_run(tmp_path, "20261123T000000Z-b", "complete")
    (damaged / "run.json").write_text("{", encoding="utf-8")
    done = call("runs", "--json")
    assert [row["run_id"] for row in json.loads(done.out)] == [whole.name]
    assert "20261123T000000Z-b/run.json: not a manifest" in done.err


def test_no_runs_are_said_on_stderr(tmp_path: Path, call: Call) -> None:
    done = call("runs", "--out", "elsewhere")
    assert (done.code, done.out) == (0, "")
    assert "no runs in elsewhere yet" in done.err
    assert json.loads(call("runs", "--json").out) == []


def test_the_name_in_the_table_names_the_run(tmp_path: Path, call: Call) -> None:
    for name in ("20261122T065600Z-a", "20261123T065600Z-a", "20261123T065600Z-b"):
        add_run(tmp_path, name, "complete")
    names = [line.split()[0] for line in call("runs").out.splitlines()[1:-2]]
    assert names == ["20261122T065600Z", "20261123T065600Z-a", "20261123T065600Z-b"]
    assert all(call("show", name, "--limit", "1").code == 0 for name in names)


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
def test_the_table_fits_the_terminal(columns: int, tmp_path: Path) -> None:
    add_run(tmp_path, "20261122T065600Z-" + "长" * 30, "interrupted", batch_id="长" * 30)
    with batch_in_terminal("runs", cwd=tmp_path, columns=columns) as terminal:
        assert terminal.wait() == 0
    widths = [len(line) + sum(char == "长" for char in line) for line in terminal.text.splitlines()]
    assert max(widths) <= columns
