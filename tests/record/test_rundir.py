import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch.errors import RunLocked, UsageError
from persona_batch.record.finding import find_run
from persona_batch.record.rundir import RunDir, create_run, list_runs, safe_name

MOMENT = datetime(2026, 11, 22, 6, 56, tzinfo=UTC)


def _started(out: Path, batch_id: str, moment: datetime = MOMENT) -> RunDir:
    run = create_run(out, batch_id, moment)
    run.records.touch()
    return run


def test_a_run_is_named_by_its_utc_time_and_batch(tmp_path: Path) -> None:
    moment = MOMENT.astimezone(timezone(timedelta(hours=8)))
    assert create_run(tmp_path / "runs", "孙悟空", moment).path == tmp_path / "runs" / "20261122T065600Z-孙悟空"


def test_runs_started_at_the_same_moment_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(lambda _: create_run(tmp_path, "b", MOMENT), range(32)))
    assert len({run.path for run in runs}) == 32


@given(st.text())
def test_any_batch_id_makes_one_path_component_that_file_systems_take(name: str) -> None:
    safe = safe_name(name)
    assert safe not in {"", ".", ".."}
    assert not set(safe) & set('<>:"/\\|?*\0\n\r\t ')
    assert len(safe.encode()) <= 120


def test_a_run_is_found_by_folder_records_file_id_beginning_and_latest(tmp_path: Path) -> None:
    old = _started(tmp_path, "b")
    new = _started(tmp_path, "b", MOMENT + timedelta(seconds=1))
    for ref in (old.path, str(old.path), old.records, old.id, "20261122T065600"):
        assert find_run(ref, tmp_path).path == old.path
    assert find_run("latest", tmp_path) == new
    assert list_runs(tmp_path) == [old, new]


def test_previous_is_the_run_before_the_latest_whatever_its_batch(tmp_path: Path) -> None:
    runs = [_started(tmp_path, batch, MOMENT + timedelta(days=day)) for day, batch in enumerate("bab")]
    assert find_run("previous", tmp_path) == runs[1]
    twins = [_started(tmp_path, "c", MOMENT + timedelta(days=9)) for _ in range(2)]
    assert find_run("previous", tmp_path) == twins[0]


def test_without_a_run_before_the_latest_there_is_no_previous(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no runs there yet"):
        find_run("previous", tmp_path)
    only = _started(tmp_path, "b")
    with pytest.raises(UsageError, match=f"no run before {only.id}"):
        find_run("previous", tmp_path)


@pytest.mark.parametrize("wrong", ["latst", "LATEST", "lates"])
def test_a_run_that_is_not_there_names_the_nearest(wrong: str, tmp_path: Path) -> None:
    run = _started(tmp_path, "wukong")
    with pytest.raises(UsageError, match="did you mean `latest`"):
        find_run(wrong, tmp_path)
    with pytest.raises(UsageError, match=f"did you mean `{run.id}`"):
        find_run(run.id.replace("wukong", "wukogn"), tmp_path)


def test_the_later_of_two_runs_in_one_second_is_the_latest(tmp_path: Path) -> None:
    runs = [_started(tmp_path, "b") for _ in range(11)]
    assert find_run("latest", tmp_path) == runs[-1]
    assert list_runs(tmp_path) == runs


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("p.yaml", "p.yaml: this is a persona file, no run; `batch run p.yaml` asks it"),
        ("P.YML", "P.YML: this is a persona file, no run; `batch run P.YML` asks it"),
        ("torn.yaml", "torn.yaml: this is a .yaml file, no run; `batch check torn.yaml` says what is wrong with it"),
        ("q/q.yaml", "q/q.yaml: this is a question file, no run; `batch run PERSONA.yaml -q q/q.yaml` asks the"),
        ("q", "q: this is a folder of question files, no run; `batch run PERSONA.yaml -q q` asks the questions"),
        (".", ".: this is a folder of persona files, no run; `batch run .` asks them"),
        ("empty", "empty: this folder is no run: it holds no records.jsonl; `batch runs` lists the runs"),
        ("runs", "runs: this is a folder of runs; name one of them, or the newest: `latest --out runs`"),
        ("runs/a/run.json", "runs/a/run.json: this is the manifest of a run; name its folder, runs/a"),
        ("runs/a/run.log", "runs/a/run.log: this is the log of a run; name its folder, runs/a"),
        ("be.md", "be.md: this is no records file: each of its lines is a JSON object"),
        ("pp.yaml", "pp.yaml: there is no file, did you mean `p.yaml`?; check the name and the folder; a run is a"),
        ("runs\\a", "runs\\a: there is no file; folders are separated by `/` here: write `runs/a`; a run is a folder"),
        ("x" * 5000, f"{'x' * 200}: cannot be looked up (File name too long); check the name"),
    ],
)  # fmt: skip
def test_what_is_no_run_is_told_what_it_is_and_its_command(
    ref: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/a", "q", "empty"):
        Path(folder).mkdir(parents=True)
    for name in ("p.yaml", "P.YML"):
        Path(name).write_text("system: x\nsampels: 3\n")
    Path("q/q.yaml").write_text("questions: [Hello]\n")
    Path("torn.yaml").write_text("system: [\n")
    Path("be.md").write_text("Be brief.\n")
    Path("runs/a/run.json").write_text("{}")
    Path("runs/a/run.log").write_text("")
    with pytest.raises(UsageError) as caught:
        find_run(ref, Path("runs"))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "back",
    [timedelta(0), timedelta(seconds=30), timedelta(days=400), timedelta(days=365 * 73)],
    ids=["the same second", "a leap", "a year", "a battery"],
)
def test_the_last_made_is_the_latest_whatever_the_clock_says(back: timedelta, tmp_path: Path) -> None:
    made = [_started(tmp_path, "a-long-name")]
    made += [_started(tmp_path, name, MOMENT - back) for name in ("b", "longest-name-of-all", "b", "a-long-name", "a")]
    assert list_runs(tmp_path) == made
    assert find_run("latest", tmp_path) == made[-1]
    assert find_run("previous", tmp_path) == made[-2]


@settings(deadline=None)  # waits for the disk
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a-2", "孙悟空"]), st.integers(-5, 5))))
def test_runs_are_listed_as_they_were_made(starts: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = [_started(Path(folder), name, MOMENT + timedelta(seconds=second)) for name, second in starts]
        assert list_runs(Path(folder)) == made


def test_a_folder_that_was_renamed_is_as_old_as_its_run(tmp_path: Path) -> None:
    renamed = tmp_path / "the good one"
    _started(tmp_path, "b").path.rename(renamed)
    (renamed / "run.json").write_text(
        '{"run_id":"x","batch_id":"b","provider":"p","endpoint":"e","models":[],"started_at":"2026-11-22T06:56:00.000Z"}'
    )
    new = _started(tmp_path, "b", MOMENT + timedelta(seconds=1))
    assert find_run("latest", tmp_path) == new
    assert find_run("previous", tmp_path).path == renamed


def test_a_records_file_of_any_name_is_a_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.touch()
    assert find_run(file, tmp_path / "runs").records == file


def test_what_is_no_run_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no runs there yet"):
        find_run("latest", tmp_path / "runs")
    _started(tmp_path, "a")
    _started(tmp_path, "b")
    (tmp_path / "20261122T065600Z-empty").mkdir()
    with pytest.raises(UsageError, match="fits 2 runs"):
        find_run("2026", tmp_path)
    with pytest.raises(UsageError, match="no such run"):
        find_run("nowhere", tmp_path)


@pytest.mark.parametrize(("out", "reason"), [("runs", "it is a file"), ("runs/deep", "Not a directory")])
def test_a_folder_that_cannot_be_made_is_wrong_usage(out: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(UsageError, match=rf"{out}: no run folder can be made there \({reason}\); .* --out"):
        create_run(tmp_path / out, "b", MOMENT)


HOLD = """
import sys
from pathlib import Path
from persona_batch.record.rundir import RunDir
path = Path(sys.argv[1])
with RunDir(path, path / "records.jsonl").lock():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_kept_out_until_the_first_ends_or_dies(tmp_path: Path) -> None:
    run = _started(tmp_path, "b")
    for end in (signal.SIGKILL, signal.SIGTERM):
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "locked\n"
            with pytest.raises(RunLocked, match=f"process {holder.pid} is on this run"), run.lock():
                pass
            holder.send_signal(end)
            holder.wait()
        with run.lock():
            assert (run.path / "run.lock").read_text().startswith(f"{os.getpid()}\n")


def test_the_lock_is_free_after_an_error_inside(tmp_path: Path) -> None:
    run = _started(tmp_path, "b")
    with pytest.raises(ZeroDivisionError), run.lock():
        raise ZeroDivisionError
    with run.lock():
        pass
