"""Tidying a folder of runs: what goes, what stays, and the link to the latest."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from persona_batch.record.finding import point_latest
from persona_batch.record.manifest import Manifest, State, read_manifest, write_manifest
from persona_batch.record.pruning import candidates, remove_run, sweep
from persona_batch.record.rundir import RunDir, create_run, list_runs
from terminals.command import batch

START = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)


def runs(out: Path, batch: str, states: list[State], first_day: int = 0) -> list[RunDir]:
    made = []
    for day, state in enumerate(states, first_day):
        run = create_run(out, batch, START + timedelta(days=day))
        run.records.write_bytes(b"{}\n" * 100)
        manifest = Manifest(
            run_id=run.id,
            batch_id=batch,
            state=state,
            started_at="2026-11-01T03:00:00.000Z",
            provider="p",
            endpoint="p",
            models=["m"],
        )
        write_manifest(run.manifest, manifest)
        made.append(run)
    return made


def prune(out: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return batch("runs", "prune", "--out", str(out), *options, cwd=out)


def test_the_newest_of_each_batch_stay(tmp_path: Path) -> None:
    many = runs(tmp_path, "nightly", ["complete"] * 5)
    rare = runs(tmp_path, "rare", ["complete"])
    done = prune(tmp_path, "--keep", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(run.path) for run in many[:3]]
    assert [run.id for run in list_runs(tmp_path)] == sorted(run.id for run in [*many[3:], *rare])
    assert not (tmp_path / ".pruned").exists()


def test_a_dry_run_names_the_same_and_deletes_nothing(tmp_path: Path) -> None:
    made = runs(tmp_path, "nightly", ["complete"] * 3)
    done = prune(tmp_path, "--keep", "1", "--dry-run")
    assert done.stdout.splitlines() == [str(run.path) for run in made[:2]]
    assert list_runs(tmp_path) == made


def test_unfinished_runs_stay_unless_forced(tmp_path: Path) -> None:
    made = runs(tmp_path, "nightly", ["stopped", "interrupted", "failed", "complete"])
    done = prune(tmp_path, "--keep", "1")
    assert done.stdout.splitlines() == [str(made[2].path)]
    assert "unfinished (stopped); --force takes it too" in done.stderr
    assert prune(tmp_path, "--keep", "1", "--force").stdout.splitlines() == [str(run.path) for run in made[:2]]


def test_a_run_that_somebody_is_on_stays_even_when_forced(tmp_path: Path) -> None:
    made = runs(tmp_path, "nightly", ["running", "complete"])
    with made[0].lock():
        done = prune(tmp_path, "--keep", "1", "--force")
    assert done.stdout == ""
    assert "is on this run" in done.stderr
    assert list_runs(tmp_path) == made


def test_only_the_named_batch_is_tidied(tmp_path: Path) -> None:
    runs(tmp_path, "a", ["complete"] * 2)
    made = runs(tmp_path, "b", ["complete"] * 2)
    found = candidates(list_runs(tmp_path), keep=0, batch="b")
    assert [candidate.run for candidate in found] == made


def test_a_damaged_manifest_is_no_reason_to_delete(tmp_path: Path) -> None:
    (made,) = runs(tmp_path, "a", ["complete"])
    made.manifest.write_text("{", encoding="utf-8")
    (found,) = candidates(list_runs(tmp_path), keep=0, force=True)
    assert found.spared is not None


def test_a_deletion_that_was_cut_short_is_finished_and_its_run_is_no_run(tmp_path: Path) -> None:
    first, second = runs(tmp_path, "a", ["complete"] * 2)
    (tmp_path / ".pruned").mkdir()
    first.path.rename(tmp_path / ".pruned" / first.id)
    assert list_runs(tmp_path) == [second]
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [second.id]


def test_the_bytes_that_were_freed_are_counted(tmp_path: Path) -> None:
    (made,) = runs(tmp_path, "a", ["complete"])
    held = sum(file.stat().st_size for file in made.path.iterdir())
    assert remove_run(made) == held > 300


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_latest_follows_the_newest_run(tmp_path: Path) -> None:
    point_latest(tmp_path)
    assert not (tmp_path / "latest").is_symlink()
    made = runs(tmp_path, "a", ["complete"] * 2)
    point_latest(tmp_path)
    assert (tmp_path / "latest").readlink() == Path(made[1].id)
    prune(tmp_path, "--keep", "0")
    assert not (tmp_path / "latest").is_symlink()


def test_something_else_that_is_called_latest_is_left_alone(tmp_path: Path) -> None:
    runs(tmp_path, "a", ["complete"])
    (tmp_path / "latest").mkdir()
    point_latest(tmp_path)
    assert (tmp_path / "latest").is_dir()
    assert not (tmp_path / "latest").is_symlink()


def test_the_newest_of_each_shard_stay(tmp_path: Path) -> None:
    made = runs(tmp_path, "nightly", ["complete"] * 4)
    for number, run in enumerate(made):
        manifest = read_manifest(run.manifest)
        manifest.shard = f"{number % 2 + 1}/2"
        write_manifest(run.manifest, manifest)
    assert [one.run.id for one in candidates(list_runs(tmp_path), keep=1)] == [run.id for run in made[:2]]
