"""A job as a crontab line: what cron and the shell make of it is what was meant."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.errors import UsageError
from persona_batch.schedule.crontab import parse_line, render_line, shell_command
from persona_batch.schedule.job import Job, free_id

LOG = Path("/state/logs/wukong.log")
HARD = '/home/孙 悟空/50% off/it\'s "here" $HOME `x` \\ # a\\%b c\\\\d \\\\% tag\\'


def job(**changes: object) -> Job:
    fields: dict[str, object] = {
        "id": "wukong",
        "at": "0 3 * * *",
        "directory": Path(HARD),
        "arguments": (f"{HARD}/wukong.yaml", "--samples", "3"),
        "environment": {"PATH": "/opt/my tools/bin:/usr/bin", "LANG": "C.UTF-8"},
    }
    return Job(**{**fields, **changes})  # type: ignore[arg-type]  # the fields are those of Job


def as_cron_reads(body: str, undone: str) -> str:
    """What cron hands to the shell: after five fields, up to a bare %; a backslash is dropped before `undone`."""
    command = body.split(" ", 5)[5]
    kept = ""
    while command and not command.startswith("%"):
        size = 2 if command.startswith("\\") else 1
        escape, command = command[:size], command[size:]
        kept += escape[-1] if size == 2 and escape[-1] in undone else escape
    return kept


@pytest.mark.parametrize("undone", ["%\\", "%"], ids=["Debian", "cronie"])
def test_the_shell_gets_exactly_the_words_and_variables_of_the_job(undone: str) -> None:
    task = job(on_failure="mail -s 'job failed: 100%' me")
    command = as_cron_reads(render_line(task, LOG).body, undone)
    assert shlex.split(command) == [*shlex.split(shell_command(task)), f">>{LOG}", "2>&1"]
    # printing instead of running: `env VAR=… program words` becomes `env VAR=… sh -c 'print' words`
    start = command.index(shlex.quote(task.command()[0]))
    printing = 'printf "%s\\0" "$PATH" "$LANG" "$0" "$@"'
    shown = f"{command[:start]}/bin/sh -c {shlex.quote(printing)} {command[start:]}".replace(f">>{LOG} 2>&1", "")
    done = subprocess.run(["/bin/sh", "-c", shown], capture_output=True, check=True, env={"PATH": os.defpath})
    path, lang, *words = done.stdout.decode().split("\0")[:-1]
    assert path == "/opt/my tools/bin:/usr/bin"
    assert lang == "C.UTF-8"
    assert words == task.command()


def test_a_line_reads_back_as_its_time_and_command() -> None:
    line = render_line(job(), LOG)
    parsed = parse_line(line)
    assert parsed is not None
    assert (line.id, parsed.at) == ("wukong", "0 3 * * *")
    assert parsed.command == as_cron_reads(line.body, "%\\")


@given(text=st.text("\\%'\" a", max_size=12))
def test_backslashes_and_percent_signs_come_through_every_cron(text: str) -> None:
    line = render_line(job(on_failure=text), LOG)
    parsed = parse_line(line)
    assert parsed is not None
    for command in (parsed.command, as_cron_reads(line.body, "%"), as_cron_reads(line.body, "%\\")):
        words = shlex.split(command)
        assert words[words.index("--on-failure") + 1] == text


@pytest.mark.parametrize("at", ["@daily", "*/5 1-3 * jan mon"])
def test_every_form_of_time_reads_back(at: str) -> None:
    parsed = parse_line(render_line(job(at=at), LOG))
    assert parsed is not None
    assert parsed.at == at


def test_what_cron_cannot_take_is_refused_with_a_remedy() -> None:
    with pytest.raises(UsageError, match=r"998: name a folder .* move options"):
        render_line(job(environment={"PATH": "/x" * 500}), LOG)
    with pytest.raises(UsageError, match="line break"):
        render_line(job(on_failure="a\nb"), LOG)


def test_mode_and_keys_stand_in_the_command() -> None:
    words = job(mode="if-changed", env_file=Path("/keys/.env")).command()
    assert words[words.index("--") - 3 : words.index("--")] == ["--if-changed", "--env-file", "/keys/.env"]
    assert "--every" in job(mode="every").command()


def test_the_command_for_ci_has_paths_inside_the_folder_relative() -> None:
    plain = job(directory=Path("/repo"), arguments=("/repo/personas/a b.yaml", "--out", "/elsewhere"))
    assert plain.plain_command() == "batch run 'personas/a b.yaml' --out /elsewhere --continue --no-progress"


@given(wanted=st.text(max_size=20), taken=st.lists(st.sampled_from(["job", "a", "a-2", "孙悟空"])))
def test_an_id_is_free_and_fit_for_a_tag(wanted: str, taken: list[str]) -> None:
    found = free_id(wanted, taken)
    assert found not in taken
    assert parse_line(render_line(job(id=found), LOG)) is not None
