"""Runs that are built out of sight: there as a whole, under a name of their own, or not at all."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from persona_batch.errors import UsageError
from persona_batch.record.building import building_run
from persona_batch.record.rundir import create_run, list_runs

NOW = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
NAME = "20261127T140000Z-crew"


def test_a_run_is_there_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "runs"
    with building_run(out, "crew", NOW) as run:
        run.records.write_text("{}\n", encoding="utf-8")
        run.batches.mkdir()
        (run.batches / "s1.jsonl").touch()
        assert run.id == NAME
        assert not list_runs(out)
    (built,) = list_runs(out)
    assert built.id == NAME
    assert (built.batches / "s1.jsonl").exists()
    assert not (out / ".merging").exists()


def test_nothing_is_left_of_one_that_failed_and_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    killed = tmp_path / ".merging" / NAME
    killed.mkdir(parents=True)
    (killed / "records.jsonl").touch()

    def fail() -> None:
        with building_run(tmp_path, "crew", NOW) as run:
            assert run.id == NAME
            assert not run.records.exists()
            raise UsageError("damaged")

    with pytest.raises(UsageError, match="damaged"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == [".merging.lock"]


def test_a_name_that_is_being_built_is_taken_by_no_new_run_and_the_other_way_round(tmp_path: Path) -> None:
    with building_run(tmp_path, "crew", NOW) as run:
        other = create_run(tmp_path, "crew", NOW)
        assert (run.id, other.id) == (NAME, f"{NAME}-2")
        run.records.touch()
    with building_run(tmp_path, "crew", NOW) as run:
        run.records.touch()
        assert run.id not in (NAME, other.id)
    assert len(list_runs(tmp_path)) == 2
    assert other.path.is_dir(), "a run that has just begun, and has no file yet, is not built over"


def test_builders_wait_for_one_another(tmp_path: Path) -> None:
    begun, names = threading.Event(), list[str]()

    def build() -> None:
        begun.set()
        with building_run(tmp_path, "crew", NOW) as run:
            names.append(run.id)
            run.records.touch()

    with building_run(tmp_path, "crew", NOW) as run:
        second = threading.Thread(target=build)
        second.start()
        assert begun.wait(10)
        run.records.touch()
        assert not names
    second.join(10)
    assert sorted(one.id for one in list_runs(tmp_path)) == [NAME, "20261127T140001Z-crew"]


def test_a_place_where_no_folder_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(UsageError, match="no run folder can be made there"), building_run(tmp_path / "runs", "a", NOW):
        pass
