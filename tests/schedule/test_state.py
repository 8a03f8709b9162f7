"""States of jobs, their logs, and the overview made of both."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from persona_batch.errors import StorageError
from persona_batch.record.rundir import birth
from persona_batch.schedule.crontab import Crontab, render_line
from persona_batch.schedule.job import Job
from persona_batch.schedule.overview import overview
from persona_batch.schedule.state import JobState, StateFolder, meaning, open_log

NOW = datetime(2026, 11, 22, 20, 30)


def state(**changes: object) -> JobState:
    fields: dict[str, object] = {"job": "wukong", "pid": os.getpid(), "started": "2026-11-22T03:00:00Z"}
    return JobState(**{**fields, **changes})  # type: ignore[arg-type]  # the fields are those of JobState


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    assert folder.read("wukong") is None
    written = state(exit_code=3, ended="2026-11-22T03:12:00Z", run="/runs/x")
    folder.write(written)
    assert folder.read("wukong") == written
    assert list(folder) == [written]
    folder.forget("wukong")
    assert folder.read("wukong") is None


def test_a_folder_that_cannot_be_written_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    with pytest.raises(StorageError, match="set PERSONA_BATCH_STATE"):
        StateFolder(tmp_path / "state").prepare()


def test_the_folder_is_the_one_the_environment_names(tmp_path: Path) -> None:
    assert StateFolder.of({"PERSONA_BATCH_STATE": str(tmp_path)}).log("a") == tmp_path / "logs" / "a.log"


def test_a_job_without_an_exit_code_runs_or_was_killed() -> None:
    assert state().meaning == "running"
    assert state(pid=dead_pid()).meaning == "killed"


@pytest.mark.skipif(sys.platform != "linux", reason="reads when a process began from /proc")
def test_a_job_whose_number_went_to_another_process_was_killed() -> None:
    began = birth(os.getpid())
    assert began is not None
    assert state(born=began).meaning == "running"
    assert state(born=began - 1).meaning == "killed"


@pytest.mark.parametrize("every", [False, True])
def test_a_run_that_waits_for_batch_files_says_how_many_cells_are_submitted(every: bool) -> None:
    waiting = state(exit_code=3, submitted=1200, every=every)
    assert waiting.meaning == "1,200 cells submitted, results are collected next time"
    assert state(exit_code=0, submitted=0).meaning == "complete"


def test_a_run_that_left_no_summary_did_not_finish() -> None:
    assert state(exit_code=1).meaning == "finished, some cells failed"
    assert state(exit_code=1, said=False).meaning == "failed, see its log"


@pytest.mark.parametrize(
    ("code", "said"), [(0, "complete"), (3, "goes on next time"), (-9, "killed by signal 9"), (77, "exit code 77")]
)
def test_exit_codes_have_a_meaning(code: int, said: str) -> None:
    assert said in meaning(code)


def test_a_log_that_has_grown_is_moved_aside_and_the_oldest_dropped(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "job.log"
    for number in range(5):
        with open_log(path, max_bytes=10, keep=2) as log:
            log.write(f"run {number} of the job\n".encode())
    kept = {file.name: file.read_text(encoding="utf-8") for file in path.parent.iterdir()}
    assert kept == {
        "job.log": "run 4 of the job\n",
        "job.log.1": "run 3 of the job\n",
        "job.log.2": "run 2 of the job\n",
    }


def test_a_small_log_is_appended_to(tmp_path: Path) -> None:
    for _ in range(2):
        with open_log(tmp_path / "job.log") as log:
            log.write(b"line\n")
    assert (tmp_path / "job.log").read_bytes() == b"line\nline\n"


def test_the_overview_shows_last_and_next(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.prepare()
    job = Job(id="wukong", at="0 3 * * *", directory=tmp_path, arguments=("/x/wukong.yaml",))
    tab = Crontab(b"").with_job(render_line(job, folder.log("wukong")))
    (row,) = overview(tab, folder, NOW)
    assert "has not run yet" in "\n".join(row.lines())
    folder.write(state(exit_code=1, ended="2026-11-22T03:12:00Z"))
    folder.write(state(job="timer", exit_code=0, ended="2026-11-22T03:12:00Z"))
    first, second = overview(tab, folder, NOW)
    text = "\n".join(first.lines())
    assert "next 2026-11-23 03:00" in text
    began, ended = (datetime(2026, 11, 22, 3, minute, tzinfo=UTC).astimezone() for minute in (0, 12))
    assert f"last {began:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S}: finished, some cells failed (1)" in text
    assert (second.job, second.at) == ("timer", None)


def test_a_line_that_somebody_edited_is_still_listed(tmp_path: Path) -> None:
    tab = Crontab(b"whenever run # persona-batch:wukong\n61 * * * * run # persona-batch:other\n")
    rows = overview(tab, StateFolder(tmp_path), NOW)
    assert [(row.job, row.next) for row in rows] == [("wukong", None), ("other", None)]
