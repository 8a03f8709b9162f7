"""`batch schedule` as users call it, with a stand-in for the program `crontab`."""

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from schedule.crontab_file import provide
from schedule.workshop import PERSONA, Workshop, endpoint
from servers.act import Act, Script
from servers.faulty import serving
from terminals.session import BATCH, TerminalSession

FOREIGN = b"# mine\nPATH=/usr/bin\n  5 4 * * *  backup \xff  \n"
ADD = ("schedule", "add", "pirate.yaml", "--provider", "scripted", "--at", "0 3 * * *")


@pytest.fixture
def crontab(workshop: Workshop) -> dict[str, str]:
    return provide(workshop.folder.parent / "bin")


def tab(crontab: dict[str, str]) -> bytes:
    return Path(crontab["CRONTAB_FILE"]).read_bytes()


def test_add_and_remove_leave_the_crontab_as_it_was(workshop: Workshop, crontab: dict[str, str]) -> None:
    Path(crontab["CRONTAB_FILE"]).write_bytes(FOREIGN)
    added = workshop.batch(*ADD, "-n", "2", **crontab)
    assert (added.returncode, added.stdout) == (0, "pirate\n")
    line = tab(crontab).removeprefix(FOREIGN).decode()
    assert line.startswith("0 3 * * * PATH=")
    assert "/my 工作 5\\''\\%/pirate.yaml' --provider scripted --samples 2 >>" in line
    assert line.endswith("# persona-batch:pirate\n")
    assert workshop.batch("schedule", "remove", "pirate", **crontab).returncode == 0
    assert tab(crontab) == FOREIGN


def test_removing_the_only_job_removes_a_crontab_that_was_not_there(
    workshop: Workshop, crontab: dict[str, str]
) -> None:
    assert workshop.batch(*ADD, **crontab).returncode == 0
    assert workshop.batch("schedule", "remove", "pirate", **crontab).returncode == 0
    assert not Path(crontab["CRONTAB_FILE"]).exists()


def test_run_now_does_what_cron_would_and_list_tells(workshop: Workshop, crontab: dict[str, str]) -> None:
    workshop.batch(*ADD, "--max-requests", "4", **crontab)
    assert "has not run yet" in workshop.batch("schedule", **crontab).stdout
    assert workshop.batch("schedule", "run-now", "pirate", **crontab).returncode == 3
    (row,) = json.loads(workshop.batch("schedule", "list", "--json", **crontab).stdout)
    assert (row["job"], row["at"], row["exit_code"]) == ("pirate", "0 3 * * *", 3)
    assert row["next"].endswith("T03:00")
    assert row["run"] == str(workshop.runs()[0])
    for words in (("schedule", "list"), ("runs",)):
        shown = workshop.batch(*words, **crontab).stdout
        assert "stopped early, goes on next time (3)" in shown
        assert "next 20" in shown
    assert "goes on next time" not in workshop.batch("runs", "--out", "elsewhere", **crontab).stdout


def test_cells_that_failed_are_asked_again_by_a_job_that_is_told_to(
    workshop: Workshop, crontab: dict[str, str]
) -> None:
    bad = Act(status=400, body='{"error": {"message": "no such thing"}}')
    with serving(Script(acts=[bad], default=Act())) as server:
        options = (*endpoint(server.base_url), "--retry-errors")
        added = workshop.batch("schedule", "add", "pirate.yaml", *options, "--at", "@daily", **crontab)
        assert added.returncode == 0, added.stderr
        job = workshop.job(*options, mode="if-changed")
        assert [workshop.perform(job) for _ in range(3)] == [1, 0, 0]
    assert len(server.chats) == 7
    assert len(workshop.runs()) == 1


def test_a_second_job_on_the_same_file_gets_a_name_of_its_own(workshop: Workshop, crontab: dict[str, str]) -> None:
    names = [workshop.batch(*ADD, **crontab).stdout, workshop.batch(*ADD, **crontab).stdout]
    assert names == ["pirate\n", "pirate-2\n"]
    taken = workshop.batch(*ADD, "--id", "pirate", **crontab)
    assert taken.returncode == 2
    assert "batch schedule remove pirate" in taken.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "0 25 * * *"), "is no cron time"),
        (("--at", "@daily", "--dry-run"), "--dry-run is not for a job"),
        (("--at", "@daily", "--resume", "latest"), "--resume is not for a job"),
        (("--at", "@daily", "--sampels", "3"), "did you mean `--samples`"),
        (("--at", "@daily", "--samples", "x"), "--samples"),
        (("--at", "@daily", "--every", "--if-changed"), "contradict"),
        (("--at", "@daily", "--every", "--engine", "batch"), "nobody would collect the results of batch files"),
        (("--at", "@daily", "--id", "a b"), "--id"),
        (("--at", "@daily", "--every", "--retry-errors"), "--retry-errors"),
        (("--at", "@daily", "--env-file", "no.env"), "no such file"),
        (("--at", "@daily", "-q", "no.yaml"), "no.yaml"),
        (("--at", "@daily", "--out", "pirate.yaml/runs"), "pirate.yaml: the runs cannot be written there"),
        (("--at", "@daily", "--provider", "openai", "-m", "x"), "OPENAI_API_KEY"),
        (("--at", "@daily", "--on-failure", "mail sk-abcdefghijklmnopqrstuv"), "looks like a key"),
        (("--at", "@daily", "--on-failure", "refuse-me"), "the crontab is as it was"),
        ((), "--at"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_and_nothing_is_added(
    workshop: Workshop, crontab: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    done = workshop.batch("schedule", "add", "pirate.yaml", *words, OPENAI_API_KEY="only-in-this-shell", **crontab)
    assert done.returncode == (1 if "refuse-me" in words else 2), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not Path(crontab["CRONTAB_FILE"]).exists()
    assert workshop.runs() == []


def test_without_a_crontab_program_the_remedy_is_named(workshop: Workshop) -> None:
    done = workshop.batch(*ADD, PATH="/no/such/folder")
    assert done.returncode == 2
    assert "apt-get install cron" in done.stderr
    assert "--print systemd" in done.stderr


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ((), "0 3 * * * PATH="),
        (("cron",), "# persona-batch:pirate"),
        (("systemd",), "OnCalendar=*-*-* 03:00:00"),
        (("ci",), "batch run pirate.yaml --provider scripted --continue --no-progress"),
    ],
)
def test_print_shows_and_installs_nothing_even_without_cron(
    workshop: Workshop, form: tuple[str, ...], shown: str
) -> None:
    done = workshop.batch(*ADD, "--print", *form, PATH="/no/such/folder")
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


def test_what_the_plain_command_cannot_do_is_said(workshop: Workshop) -> None:
    done = workshop.batch(*ADD, "--if-changed", "--on-failure", "true", "--print", "ci")
    assert done.stdout == "batch run pirate.yaml --provider scripted --continue --no-progress\n"
    assert "knows no --if-changed, --on-failure" in done.stderr


def test_a_file_of_keys_that_others_may_read_is_warned_about(workshop: Workshop, crontab: dict[str, str]) -> None:
    keys = workshop.folder / ".env"
    keys.write_text("OPENAI_API_KEY=not-in-the-crontab\n", encoding="utf-8")
    keys.chmod(0o644)
    done = workshop.batch(*ADD, **crontab)
    assert done.returncode == 0
    assert "chmod 600" in done.stderr
    assert b"not-in-the-crontab" not in tab(crontab)


def test_the_key_that_a_job_sends_stands_in_no_crontab_whatever_its_variable_is_called(
    workshop: Workshop, crontab: dict[str, str]
) -> None:
    (workshop.folder / ".env").write_text("MY_LLM=1f3c2a70-9b1d-4c55-a1e2\n", encoding="utf-8")
    add = ("schedule", "add", "pirate.yaml", "--at", "@daily")
    endpoint = ("--base-url", "http://127.0.0.1:9/v1", "--api-key-env", "MY_LLM", "--model", "m")
    done = workshop.batch(*add, *endpoint, "--on-failure", "notify 1f3c2a70-9b1d-4c55-a1e2", **crontab)
    assert done.returncode == 2
    assert "the value of MY_LLM would stand in the job's line" in done.stderr
    assert "1f3c2a70" not in done.stderr


def test_a_long_path_gives_way_where_the_line_would_be_too_long(
    workshop: Workshop, crontab: dict[str, str], tmp_path: Path
) -> None:
    long = tmp_path / "a-folder-of-programs-with-a-long-name"
    folders = [long / str(number) for number in range(12)]
    for folder in folders:
        folder.mkdir(parents=True)
    path = ":".join([crontab["PATH"], *map(str, folders)])
    done = workshop.batch(*ADD, **{**crontab, "PATH": path})
    assert done.returncode == 0, done.stderr
    assert "little room" in done.stderr
    assert len(tab(crontab)) < 1000
    assert b":/usr/local/bin:/usr/bin:/bin LANG" in tab(crontab)


def test_many_files(workshop: Workshop, crontab: dict[str, str]) -> None:
    # a short name for their job, and for this test: it stands in each file's path, and cron takes 998 bytes
    files = [f"{name}.yaml" for name in "abcd"]
    for file in files:
        (workshop.folder / file).write_text(PERSONA.replace("id: pirate", f"id: {file[0]}"), encoding="utf-8")
    done = workshop.batch("schedule", "add", *files, "--provider", "scripted", "--at", "@daily", **crontab)
    assert done.stdout == "a-3-more\n", done.stderr


def test_jobs_are_found_where_home_is_not_the_one_that_cron_sets(
    workshop: Workshop, crontab: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = {**crontab, "HOME": str(tmp_path), "PERSONA_BATCH_STATE": "", "XDG_STATE_HOME": ""}
    workshop.batch(*ADD, "--max-requests", "4", **elsewhere)
    assert workshop.batch("schedule", "run-now", "pirate", **elsewhere).returncode == 3
    assert "stopped early" in workshop.batch("schedule", "list", **elsewhere).stdout


def test_the_job_of_a_timer_can_be_taken_off_the_list(workshop: Workshop) -> None:
    assert workshop.perform(workshop.job("--provider", "scripted")) == 0
    without_cron = {"PATH": "/no/such/folder"}
    assert "pirate  not in this crontab" in workshop.batch("schedule", "list", **without_cron).stdout
    assert workshop.batch("schedule", "remove", "pirate", **without_cron).returncode == 0
    assert "pirate" not in workshop.batch("schedule", "list", **without_cron).stdout
    assert workshop.batch("schedule", "remove", "pirate", **without_cron).returncode == 2


def test_an_unknown_job_gets_the_nearest_name(workshop: Workshop, crontab: dict[str, str]) -> None:
    workshop.batch(*ADD, **crontab)
    for command in ("remove", "run-now"):
        done = workshop.batch("schedule", command, "pirat", **crontab)
        assert done.returncode == 2
        assert "did you mean `pirate`?" in done.stderr


def test_the_jobs_commands_import_nothing_heavy(workshop: Workshop, crontab: dict[str, str]) -> None:
    done = workshop.batch("schedule", "list", PYTHONPROFILEIMPORTTIME="1", **crontab)
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "persona_batch.schedule.overview" in imported
    assert not imported & {"openai", "numpy", "scipy", "rich", "aiohttp", "persona_batch.config.load"}


def test_on_a_terminal_the_list_is_folded_between_words(workshop: Workshop, crontab: dict[str, str]) -> None:
    workshop.batch(*ADD, "--id", "每天早上三点问一遍花果山的猴子们", "--max-requests", "4", **crontab)
    workshop.batch("schedule", "run-now", "每天早上三点问一遍花果山的猴子们", **crontab)
    env = workshop.env(**crontab)
    with TerminalSession([*BATCH, "schedule", "list"], cwd=workshop.folder, env=env, columns=60) as terminal:
        assert terminal.wait(30) == 0
    lines = [line for line in terminal.text.splitlines() if "/" not in line]
    assert max(map(cell_len, lines)) <= 60
    assert "goes on next time (3)" in " ".join(terminal.text.split())
