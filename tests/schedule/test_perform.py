"""Jobs, as cron starts them: real processes in a bare environment."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from schedule.workshop import PERSONA, Workshop, endpoint, eventually, kill
from servers.act import Act, Script
from servers.batch_plan import Plan
from servers.batches import batches
from servers.faulty import serving

SCRIPTED = ("--provider", "scripted")


def test_a_job_writes_a_complete_run_its_log_and_its_state(workshop: Workshop) -> None:
    assert workshop.perform(workshop.job(*SCRIPTED)) == 0
    (run,) = workshop.runs()
    assert len(workshop.records(run)) == 6
    last = workshop.last()
    assert (last.exit_code, last.meaning, last.run) == (0, "complete", str(run))
    assert last.ended is not None
    assert "job pirate ended: complete (0)" in workshop.log()


def test_a_job_resumes_what_is_unfinished_and_then_starts_anew(workshop: Workshop) -> None:
    job = workshop.job(*SCRIPTED, "--max-requests", "4")
    assert workshop.perform(job) == 3
    assert "goes on next time" in workshop.last().meaning
    assert workshop.perform(job) == 0
    assert len(workshop.runs()) == 1
    assert len(workshop.records(workshop.runs()[0])) == 6
    assert workshop.perform(job) == 3
    assert len(workshop.runs()) == 2


def test_a_job_of_batch_files_collects_what_it_submitted_the_time_before(workshop: Workshop) -> None:
    with batches(Plan(looks=-1)) as server:
        told = f"touch {workshop.folder.parent / 'told'}"
        job = workshop.job("--engine", "batch", "--base-url", server.base_url, on_failure=told)
        assert workshop.perform(job) == 3
        assert workshop.last().meaning == "6 cells submitted, results are collected next time"
        server.end()
        assert workshop.perform(job) == 0
    assert workshop.last().meaning == "complete"
    (run,) = workshop.runs()
    assert len(workshop.records(run)) == 6
    assert not (workshop.folder.parent / "told").exists()


def test_with_every_each_time_is_a_new_run(workshop: Workshop) -> None:
    job = workshop.job(*SCRIPTED, "--max-requests", "4", mode="every")
    assert [workshop.perform(job), workshop.perform(job)] == [3, 3]
    assert len(workshop.runs()) == 2
    assert workshop.last().meaning == "stopped early"


def test_with_if_changed_a_complete_run_is_rested_upon_until_a_file_changes(workshop: Workshop) -> None:
    job = workshop.job(*SCRIPTED, "--max-requests", "4", mode="if-changed")
    assert [workshop.perform(job), workshop.perform(job), workshop.perform(job)] == [3, 0, 0]
    assert len(workshop.runs()) == 1
    assert workshop.last().skipped_at is not None
    with _lock_of(workshop):
        assert workshop.perform(job) == 4
    assert workshop.perform(job) == 0
    assert len(workshop.runs()) == 1
    assert "nothing has changed since" in workshop.log()
    workshop.file.write_text(PERSONA.replace("a pirate", "an old pirate"), encoding="utf-8")
    assert workshop.perform(job) == 3
    assert len(workshop.runs()) == 2


def _lock_of(workshop: Workshop) -> FileLock:
    """The lock that the workshop's jobs take, as another job would hold it."""
    (lock,) = (workshop.state.root / "locks").glob("*.lock")
    return FileLock(lock)


def test_a_complete_run_that_was_deleted_is_made_again(workshop: Workshop) -> None:
    job = workshop.job(*SCRIPTED, mode="if-changed")
    assert workshop.perform(job) == 0
    workshop.runs()[0].rename(workshop.folder / "elsewhere")
    assert workshop.perform(job) == 0
    assert len(workshop.runs()) == 1


def test_two_jobs_at_the_same_minute_one_runs_the_other_exits_4_quietly(workshop: Workshop) -> None:
    with serving(Script(default=Act(silent=True))) as server:
        job = workshop.job(*endpoint(server.base_url))
        first = workshop.start(job)
        eventually(lambda: len(server.chats) > 0, "the first job's request")
        assert workshop.perform(job) == 4
        assert workshop.perform(workshop.job(*endpoint(server.base_url), id="same-file")) == 4
        assert workshop.last().meaning == "running"
        server.release()
        assert first.wait(60) == 0
        first.communicate()
    assert workshop.last().meaning == "complete"
    assert len(workshop.runs()) == 1
    other = workshop.last("same-file")
    assert (other.exit_code, other.meaning) == (4, "another job or process was at work on it")
    assert "not started (4)" in workshop.log("same-file")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a killed job's child lives on")
def test_a_killed_job_leaves_nothing_that_blocks_the_next(workshop: Workshop) -> None:
    with serving(Script(default=Act(silent=True))) as server:
        job = workshop.job(*endpoint(server.base_url))
        first = workshop.start(job)
        eventually(lambda: len(server.chats) > 0, "the first job's request")
        kill(first)
        assert workshop.last().meaning == "killed"
        eventually(lambda: server.in_flight == 0, "the end of the killed job's own child")
        server.release()
        assert workshop.perform(job) == 0
    assert len(workshop.runs()) == 1
    assert len(workshop.records(workshop.runs()[0])) == 6


@pytest.mark.skipif(sys.platform != "linux", reason="reads the child's number from /proc")
def test_a_run_that_the_system_kills_is_a_failure_with_its_signal(workshop: Workshop) -> None:
    notice = workshop.folder / "notice.json"
    with serving(Script(default=Act(silent=True))) as server:
        first = workshop.start(workshop.job(*endpoint(server.base_url), on_failure=f"cat > '{notice}'"))
        eventually(lambda: len(server.chats) > 0, "the job's request")
        (child,) = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text(encoding="ascii").split()
        os.kill(int(child), signal.SIGKILL)
        first.communicate(timeout=30)
        assert first.returncode == 137
    assert workshop.last().exit_code == -9
    assert json.loads(notice.read_bytes())["meaning"] == "killed by signal 9"


def test_sigterm_ends_a_job_in_good_order(workshop: Workshop) -> None:
    with serving(Script(acts=[Act()] * 2, default=Act(silent=True))) as server:
        first = workshop.start(workshop.job(*endpoint(server.base_url, "--concurrency", "1")))
        eventually(lambda: len(server.chats) == 3, "the third request")
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
        assert first.returncode == 130
    assert workshop.last().meaning == "interrupted"
    assert len(workshop.records(workshop.runs()[0])) == 2


def test_a_failure_is_told_with_the_summary_as_json(workshop: Workshop) -> None:
    notice = workshop.folder / "notice.json"
    bad = Act(status=400, body='{"error": {"message": "no such thing"}}')
    with serving(Script(acts=[bad], default=Act())) as server:
        job = workshop.job(*endpoint(server.base_url, "--concurrency", "1"), on_failure="cat > notice.json")
        assert workshop.perform(job) == 1
    told = json.loads(notice.read_bytes())
    assert (told["job"], told["exit_code"], told["meaning"]) == ("pirate", 1, "finished, some cells failed")
    assert told["summary"]["counts"]["error"] == 1
    assert told["run"] == str(workshop.runs()[0])


@pytest.mark.parametrize(("options", "code"), [(("--max-requests", "4"), 3), ((), 0)])
def test_what_is_no_failure_is_not_told(workshop: Workshop, options: tuple[str, ...], code: int) -> None:
    told = workshop.folder / "told"
    assert workshop.perform(workshop.job(*SCRIPTED, *options, on_failure=f"touch '{told}'")) == code
    assert not told.exists()


def test_a_failure_command_that_fails_is_logged_and_changes_nothing(workshop: Workshop) -> None:
    workshop.file.write_text("sytem: x", encoding="utf-8")
    assert workshop.perform(workshop.job(*SCRIPTED, on_failure="exit 7")) == 2
    assert "--on-failure: exit 7" in workshop.log()
    assert "did you mean `system`" in workshop.log()


def test_a_working_folder_that_is_gone_is_in_the_state_and_the_log(workshop: Workshop) -> None:
    job = workshop.job(*SCRIPTED, directory=workshop.folder / "gone", on_failure="cat >/dev/null")
    assert workshop.perform(job) == 2
    assert workshop.last().meaning == "wrong usage, wrong file or missing key"
    assert "is gone; add the job again" in workshop.log()


@pytest.mark.parametrize("name", [".env", "keys/mine.env"])
def test_the_key_comes_from_a_file_and_goes_nowhere_but_to_the_endpoint(workshop: Workshop, name: str) -> None:
    keys = workshop.folder / name
    keys.parent.mkdir(exist_ok=True)
    keys.write_text("MY_KEY=sk-secret-of-the-job\n", encoding="utf-8")
    with serving(Script(api_key="sk-secret-of-the-job")) as server:
        options = endpoint(server.base_url, "--api-key-env", "MY_KEY")
        job = workshop.job(*options, env_file=keys if name != ".env" else None)
        assert workshop.perform(job) == 0
    for file in [*workshop.state.root.rglob("*"), *workshop.runs()[0].rglob("*")]:
        assert not file.is_file() or b"sk-secret" not in file.read_bytes()


@pytest.mark.parametrize("name", ["HOOK_TOKEN", "MY_LLM", "AZURE_EAST"])
def test_the_failure_command_finds_the_keys_of_dotenv_and_its_log_does_not(workshop: Workshop, name: str) -> None:
    (workshop.folder / ".env").write_text(f"{name}=odd.value-77\nPLACE=http://localhost:8080\n", encoding="utf-8")
    job = workshop.job(
        "--provider", "nobody", on_failure=f'echo "with ${name} at $PLACE"; test "${name}" = odd.value-77'
    )
    assert workshop.perform(job) == 2
    assert "with [key] at http://localhost:8080" in workshop.log()
    assert "--on-failure" not in workshop.log()  # that it failed


def test_the_log_of_a_job_says_where_a_file_sends_a_key_and_says_it_once(workshop: Workshop) -> None:
    (workshop.folder / ".env").write_text("BOX_KEY=odd.value-77\n", encoding="utf-8")
    with serving(Script()) as server:
        block = f"run: {{provider: {{base_url: '{server.base_url}', api_key_env: BOX_KEY}}}}\n"
        workshop.file.write_text(PERSONA + block, encoding="utf-8")
        job = workshop.job("--quiet", mode="every")
        assert [workshop.perform(job), workshop.perform(job)] == [0, 0]
    assert workshop.log().count("pirate.yaml sends the key in BOX_KEY to host 127.0.0.1") == 1
    assert "odd.value" not in workshop.log()
