"""Shards in processes of their own that are killed at any moment, merged: what one process would have made."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from faults.grids import Grid, asked
from servers.act import Act, Script
from servers.faulty import FaultyServer, serving

TESTS = Path(__file__).parents[1]
OF = 4


def _records(run: Path) -> dict[str, Any]:
    lines = (run / "records.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert len({record["key"] for record in records}) == len(records)
    return {record["key"]: (record["messages"], record["sample"], record["status"]) for record in records}


def _batch(grid: Grid, *words: str) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "persona_batch", *words],
        cwd=grid.folder,
        env={**os.environ, "HOME": str(grid.folder), "PERSONA_BATCH_STATE": str(grid.folder / "state")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return grid.folder / done.stdout.splitlines()[-1]


def _run_killed(grid: Grid, server: FaultyServer, chance: random.Random, kills: int, *options: str) -> None:
    """Run all shards at once; kill some of them now and then, and start them again as cron would."""

    def start(number: int) -> "subprocess.Popen[str]":
        return grid.start("--shard", f"{number}/{OF}", "--continue", "--quiet", "-j", "3", *options)

    processes = {number: start(number) for number in range(1, OF + 1)}
    for _ in range(kills):
        number, already = chance.randint(1, OF), len(server.chats)
        process, wanted, patience = processes[number], chance.randint(1, 8), time.monotonic() + 20
        while process.poll() is None and len(server.chats) - already < wanted:
            assert time.monotonic() < patience
            time.sleep(0.002)
        process.kill()
        process.wait()
        if process.returncode != 0:
            with process:
                processes[number] = start(number)
    for process in processes.values():
        with process:
            assert process.wait(timeout=120) == 0


@pytest.mark.slow
def test_four_shards_with_kills_merged_are_the_single_run_also_when_the_batch_has_grown(tmp_path: Path) -> None:
    chance = random.Random(15)
    with serving(Script(default=Act(latency=0.02, pause=0.002))) as server:
        grid = Grid.make(tmp_path / "shards", 60, server.base_url)
        _run_killed(grid, server, chance, 6)
        of_shards = [asked(request) for request in server.chats]
        assert len(of_shards) <= 60 + 6 * 3, "asked twice: at most what was in flight at the kills"
        single = Grid.make(tmp_path / "single", 60, server.base_url)
        assert single.run("--quiet").code == 0
        merged = _batch(grid, "merge", "runs/*-shard-*")
        assert _records(merged) == _records(single.only_run)
        shards = sorted((grid.folder / "runs").glob("2*-shard-*"))
        assert len(shards) == OF

        for grown, samples in ((70, "1"), (70, "2")):  # by questions, then by samples
            Grid.make(grid.folder, grown, server.base_url)
            Grid.make(single.folder, grown, server.base_url)
            for shard in shards:
                number = shard.name.partition("-shard-")[2][0]
                ended = grid.run("--resume", str(shard), "--shard", f"{number}/{OF}", "-n", samples, "--quiet")
                assert ended.code == 0, ended.err
            assert single.run("--resume", str(single.only_run), "-n", samples, "--quiet").code == 0
            merged = _batch(grid, "merge", "runs/*-shard-*", "--quiet")
            assert _records(merged) == _records(single.only_run)
            assert len(_records(merged)) == 70 * int(samples)


@pytest.mark.slow
def test_a_merge_killed_at_any_step_leaves_nothing_or_the_whole(tmp_path: Path) -> None:
    (tmp_path / "wukong.yaml").write_text("id: wukong\nsystem: 你是孙悟空\nquestions: [a, b, c]\n", encoding="utf-8")
    command = [sys.executable, "-m", "persona_batch", "run", "wukong.yaml", "--provider", "scripted", "--quiet"]
    for shard in ("1/2", "2/2"):
        subprocess.run([*command, "--shard", shard], cwd=tmp_path, check=True, capture_output=True)
    first = next((tmp_path / "runs").glob("*-shard-1-of-2"))
    (first / "errors.jsonl").write_bytes((first / "records.jsonl").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "faults.merges", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    at = [step["step"].split()[0] for step in steps if step["killed"]]
    assert {"open", "os.mkdir", "os.rename"} <= set(at)
    assert {len(step["records"]) for step in steps} == {0, 1}
    for step in steps:
        assert step["records"] in ([], [9]), step
        assert (step["again"], step["remains"], step["touched"]) == (0, [], False), step
        assert step["merged"] == len(step["records"]) + 1, step
