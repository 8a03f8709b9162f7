"""`batch history` on run folders, as cron and people call it."""

import json
import subprocess
from pathlib import Path

import pytest

from history.recorded import Day, series
from persona_batch.record.manifest import Manifest, State, read_manifest, write_manifest
from persona_batch.record.record import encode
from terminals.command import batch


def record_runs(folder: Path, days: int, changes: dict[int, Day] | None = None, state: State = "complete") -> None:
    """Write crew.yaml and a run folder per day."""
    (folder / "crew.yaml").write_text("system: You are someone.\nquestions: [hello]\n", encoding="utf-8")
    for run in series(days, changes=changes):
        path = folder / "runs" / run.id
        path.mkdir(parents=True)
        with (path / "records.jsonl").open("wb") as file:
            file.writelines(encode(record) + b"\n" for record in run.records())
        manifest = Manifest(
            run_id=run.id,
            batch_id="crew",
            state=state,
            started_at=run.started_at,
            provider="test",
            endpoint="test",
            models=["test-model"],
        )
        write_manifest(path / "run.json", manifest)


def history(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return history_of("crew.yaml", *options, folder=folder)


def history_of(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return batch("history", *words, cwd=folder, env={"TZ": "UTC"})  # times are shown as local ones


def test_the_day_of_a_change_is_marked_and_no_other(tmp_path: Path) -> None:
    record_runs(tmp_path, 8, {4: Day(longer=60, answers_as="test-model-v2")})
    done = history(tmp_path)
    assert done.returncode == 0, done.stderr
    table = [line for line in done.stdout.splitlines() if line.startswith("2026-11-0") and " 60 " in line]
    marked = [number for number, line in enumerate(table) if "!" in line]
    assert marked[0] == 4
    assert max(marked) <= 6
    assert "! another model answers: test-model-v2, before test-model" in done.stdout
    assert "length is not where it was" in done.stdout
    assert "runs with an alarm, of 8." in done.stdout
    assert "▁" in done.stdout


def test_drift_is_exit_100_where_it_is_asked_for(tmp_path: Path) -> None:
    record_runs(tmp_path, 6, {3: Day(lean=0.4)})
    assert history(tmp_path, "--fail-on-drift").returncode == 100
    newest = history(tmp_path, "--fail-on-drift", "--last", "2")
    assert newest.returncode == 0
    assert "No alarm in 2 runs." in newest.stdout


def test_json_holds_the_whole_series(tmp_path: Path) -> None:
    record_runs(tmp_path, 4, {2: Day(failing=0.6, answers_as="test-model-v2")})
    found = json.loads(history(tmp_path, "--json").stdout)
    assert [point["failed"] > 20 for point in found["runs"]] == [False, False, True, True]
    assert "model_returned" in [alarm["kind"] for alarm in found["transitions"][1]["alarms"]]
    assert found["level"] == 0.05


def test_unfinished_runs_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    record_runs(tmp_path, 2, state="stopped")
    done = history(tmp_path)
    assert done.returncode == 2
    assert "2 unfinished runs of crew left out" in done.stderr
    assert "no finished run of crew yet" in done.stderr


def test_shards_are_no_nights_of_their_own(tmp_path: Path) -> None:
    record_runs(tmp_path, 3)
    shard = next((tmp_path / "runs").iterdir()) / "run.json"
    manifest = read_manifest(shard)
    manifest.shard = "1/2"
    write_manifest(shard, manifest)
    done = history(tmp_path, "--json")
    assert len(json.loads(done.stdout)["runs"]) == 2
    assert "1 shard of crew left out; `batch merge` makes a run of them" in done.stderr


def test_a_run_stands_for_its_batch_up_to_that_run(tmp_path: Path) -> None:
    record_runs(tmp_path, 4)
    whole = history(tmp_path).stdout
    ids = sorted(path.name for path in (tmp_path / "runs").iterdir())
    for name, last in (("latest", 3), ("previous", 2), (f"runs/{ids[1]}", 1), (ids[3], 3)):
        done = history_of(name, folder=tmp_path)
        assert [run in done.stdout for run in ids] == [place <= last for place in range(4)]
        assert done.stdout == whole or last < 3


@pytest.mark.parametrize("options", [("--last", "1"), ("--level", "2"), ("--sort", "x")])
def test_wrong_options_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    record_runs(tmp_path, 2)
    assert history(tmp_path, *options).returncode == 2
