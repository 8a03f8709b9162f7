"""`batch run` killed before every step it takes with files, each time finished by the next call."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
BATCH = "id: wukong\nsystem: 你是孙悟空\ncontrols: []\nquestions: [a, b, c, d, e]\n"
ALL_OK = ["ok"] * 5


def _killed_at_every_step(folder: Path, *options: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "faults.steps", str(folder), *options],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _assert_safe(steps: Sequence[dict[str, Any]], *, at_least: set[str]) -> None:
    assert at_least <= {step["step"] for step in steps if step["killed"]}
    for step in steps:
        assert (step["lost"], step["exit_code"], step["statuses"], step["keys"]) == (0, 0, ALL_OK, 5), step


@pytest.mark.slow
def test_a_new_run_killed_at_any_step_is_continued(tmp_path: Path) -> None:
    (tmp_path / "wukong.yaml").write_text(BATCH, encoding="utf-8")
    steps = _killed_at_every_step(tmp_path, "--continue")
    _assert_safe(steps, at_least={"os.rename .run.json.new run.json", "open records.jsonl a+", "open run.lock"})
    sealed = [step["runs"] for step in steps].index(2)  # a run that is complete is not continued: a new one begins
    for step in steps[:sealed]:
        assert (step["runs"], step["lost_later"]) == (1, 0), step


@pytest.mark.slow
def test_a_repair_and_a_retry_of_errors_killed_at_any_step_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "wukong.yaml").write_text(BATCH, encoding="utf-8")
    command = [sys.executable, "-m", "persona_batch", "run", "wukong.yaml", "--provider", "scripted", "--quiet"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (run,) = (tmp_path / "runs").glob("2*")
    whole = (run / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    failed = [line.replace('"status":"ok"', '"status":"error"') for line in whole[:2]]
    (run / "records.jsonl").write_text("".join([*failed, *whole[2:4], whole[4][:-30]]), encoding="utf-8")
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    manifest |= {"state": "failed", "exit_code": 1, "counts": {"error": 2, "ok": 3}}
    (run / "run.json").write_text(json.dumps(manifest), encoding="utf-8")

    steps = _killed_at_every_step(tmp_path, "--resume", "latest", "--retry-errors")
    renames = {"os.rename .run.json.new run.json", "os.rename .records.jsonl.new records.jsonl"}
    _assert_safe(steps, at_least={*renames, "open errors.jsonl a+", "open records.torn a"})
    for step in steps:
        assert (step["runs"], step["lost_later"]) == (1, 0), step
