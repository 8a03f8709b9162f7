"""The command as a whole: its help, its start-up, its way with wrong usage and with closed pipes."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from persona_batch import __version__
from persona_batch.cli.commands import COMMANDS, Entry
from persona_batch.cli.parser import load
from terminals.command import bare_env, batch
from terminals.session import BATCH

HEAVY = {"openai", "pydantic", "numpy", "scipy", "rich", "jinja2", "aiohttp", "xllamacpp", "sklearn", "genai_prices"}


def all_commands() -> list[tuple[str, Entry]]:
    """Return every command and subcommand with the words that call it."""
    found = []
    for entry in COMMANDS:
        if entry.target:
            found.append((entry.name, entry))
        found += [(f"{entry.name} {sub.name}", sub) for sub in entry.entries]
    return found


COMMAND_PARAMS = [pytest.param(words, entry, id=words) for words, entry in all_commands()]


def imported(*args: str, cwd: Path) -> set[str]:
    """Return the top-level packages that a Python process imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *args],
        cwd=cwd,
        env=bare_env(cwd),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_help_lists_every_command_and_an_example(tmp_path: Path) -> None:
    done = batch("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "batch run personas/wukong.yaml" in done.stdout
    assert all(f"  {entry.name} " in done.stdout and entry.help in done.stdout for entry in COMMANDS)


@pytest.mark.parametrize("command", [(), *((entry.name,) for entry in COMMANDS), ("schedule", "add")], ids=" ".join)
def test_help_fits_eighty_columns(command: tuple[str, ...], tmp_path: Path) -> None:
    page = batch(*command, "--help", cwd=tmp_path, env={"COLUMNS": "80"}).stdout
    assert max(map(cell_len, page.splitlines())) <= 80


@pytest.mark.parametrize("command", [("run",), ("schema",)], ids=" ".join)
@pytest.mark.parametrize("columns", ["60", "80", "100"])
def test_help_breaks_no_option_and_no_command_at_a_hyphen(
    command: tuple[str, ...], columns: str, tmp_path: Path
) -> None:
    told = batch(*command, "--help", cwd=tmp_path, env={"COLUMNS": columns}).stdout
    assert not any(line.endswith("-") for line in told.splitlines())


def test_help_imports_nothing_heavy_and_not_even_typer(tmp_path: Path) -> None:
    assert not imported("-m", "persona_batch", "--help", cwd=tmp_path) & (HEAVY | {"typer", "click", "msgspec"})


@pytest.mark.parametrize(
    "args", [["show", "--help"], ["run", "--help"], ["runs", "--out", "none"], ["schema", "persona"]]
)
def test_what_reads_no_persona_file_does_without_pydantic(args: list[str], tmp_path: Path) -> None:
    assert "pydantic" not in imported("-m", "persona_batch", *args, cwd=tmp_path)


@pytest.mark.parametrize(("words", "entry"), COMMAND_PARAMS)
def test_a_command_module_imports_nothing_heavy(words: str, entry: Entry, tmp_path: Path) -> None:
    module = entry.target.partition(":")[0]
    assert not imported("-c", f"import {module}", cwd=tmp_path) & HEAVY


@pytest.mark.parametrize(("words", "entry"), COMMAND_PARAMS)
def test_the_help_of_a_command_has_an_example_of_it(words: str, entry: Entry) -> None:
    command = load(entry)
    assert "Example" in command.help
    assert f"    batch {words}" in command.help


@pytest.mark.parametrize(("words", "entry"), COMMAND_PARAMS)
def test_every_option_of_a_command_says_what_it_does(words: str, entry: Entry) -> None:
    silent = [parameter.name for parameter in load(entry).params if not getattr(parameter, "help", None)]
    assert silent == []


def test_a_subcommand_is_named_as_its_group_lists_it() -> None:
    for entry in COMMANDS:
        for sub in entry.entries:
            module, _, function = sub.target.partition(":")
            assert callable(getattr(importlib.import_module(module), function))


def test_version_names_the_version(tmp_path: Path) -> None:
    assert batch("--version", cwd=tmp_path).stdout == f"persona-batch {__version__}\n"


def test_no_command_prints_the_help_on_stderr(tmp_path: Path) -> None:
    done = batch(cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Commands:" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["rin"], "there is no command `rin`; did you mean `run`?"),
        (["zzz"], "there is no command `zzz`"),
        (["x.yaml"], "there is no command `x.yaml`; `batch run x.yaml` takes that file"),
        (["runs", "x.yml"], "there is no command `x.yml`; `batch run x.yml` takes that file"),
        (["schedule", "x.yaml"], "there is no command `x.yaml`; `batch schedule add x.yaml` takes that file"),
        (["."], "there is no command `.`; a command comes first: `batch run .` asks personas"),
        (["runs", "."], "there is no command `.`; `batch runs --out .` lists the runs there"),
        (["show", "--fialed"], "did you mean `--failed`?"),
        (["show", "--limit", "many"], "--limit"),
        (["show", "--sample", "-1"], "--sample"),
        (["show", "--limit", "1.5"], "'1.5' is no whole number"),
        (["show", "--placement", "sytem"], "did you mean `system`?"),
        (["show", "--color", "zzz"], "expected one of auto, always, never"),
        (["run", "x.yaml", "--fail-under", "2"], "2 is more than 1"),
        (["run", "x.yaml", "--timeout", "nan"], "'nan' is no number"),
        (["run", "x.yaml", "-n", "0"], "0 is less than 1"),
        (["ask"], "FILE"),
        (["show", "a", "b"], "b"),
        (["HISTRY", "p.yaml"], "there is no command `HISTRY`; did you mean `history`?"),
        (["sched", "list"], "did you mean `schedule`?"),
        (["schedule", "lits"], "did you mean `list`?"),
        (["runs", "purge"], "did you mean `prune`?"),
        (["help", "comapre"], "did you mean `compare`?"),
        (["show", "-q", "view"], "did you mean `--question`?"),
        (["--versoin"], "did you mean `--version`?"),
        (["show", "--halp"], "did you mean `--help`?"),
        (["show", "--place_ment", "user"], "did you mean `--placement`?"),
        (["run", "x.yaml", "-samples", "3"], "did you mean `--samples`?"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_with_a_remedy(args: list[str], said: str, tmp_path: Path) -> None:
    done = batch(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("batch: ")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert "--help`" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "x.yaml", "--temperature", "0.5"], "write `--param temperature=0.5`"),
        (["run", "--top_p=0.9", "x.yaml"], "write `--param top_p=0.9`"),
        (["run", "x.yaml", "-temperature", "1"], "write `--param temperature=1`"),
        (["run", "x.yaml", "--temprature", "0"], "did you mean `--param temperature=0`?"),
        (["ask", "x.yaml", "--presence-penalty", "-1.5"], "write `--param presence_penalty=-1.5`"),
        (["chat", "x.yaml", "--Max-Tokens", "64"], "write `--param max_tokens=64`"),
        (["run", "--stop", "two words", "x.yaml"], "write `--param 'stop=two words'`"),
        (["run", "--enable-thinking", "x.yaml"], "write `--param enable_thinking=VALUE`"),
        (["run", "x.yaml", "--seed-x", "1"], "did you mean `--seed`?"),
        (["run", "x.yaml", "--stream"], "replies are always streamed"),
        (["schedule", "add", "x.yaml", "--at", "@daily", "--top-k", "5"], "write `--param top_k=5`"),
    ],
    ids=" ".join,
)
def test_a_request_parameter_given_as_an_option_is_shown_as_it_is_written(
    args: list[str], said: str, tmp_path: Path
) -> None:
    done = batch(*args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_a_key_given_as_an_unknown_option_is_not_repeated(tmp_path: Path) -> None:
    key = "sk-0123456789abcdef0123456789"
    for args in (["--user", key], [f"--stop={key}"], ["--api-key", key]):
        assert key not in batch("run", "x.yaml", *args, cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (["help"], ["--help"]),
        (["-h"], ["--help"]),
        (["help", "run"], ["run", "--help"]),
        (["run", "-h"], ["run", "--help"]),
        (["runs", "-h"], ["runs", "--help"]),
        (["help", "schedule", "add"], ["schedule", "add", "--help"]),
        (["schedule", "help", "list"], ["schedule", "list", "--help"]),
        (["schedule", "add", "-h"], ["schedule", "add", "--help"]),
        (["help", "help"], ["--help"]),
    ],
    ids=" ".join,
)
def test_help_is_found_where_people_look_for_it(short: list[str], long: list[str], tmp_path: Path) -> None:
    done = batch(*short, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == batch(*long, cwd=tmp_path).stdout


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_output_is_utf8_whatever_the_locale(locale: str, tmp_path: Path) -> None:
    env = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    assert "你对取经怎么看？" in batch("--help", cwd=tmp_path, env=env).stdout


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*BATCH, "--help"], cwd=tmp_path, env=bare_env(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 141
    assert said == b""


def in_shell(script: str, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script in which `"$@"` is a call of `batch`."""
    return subprocess.run(
        ["sh", "-c", script, "sh", *BATCH, *args],
        cwd=cwd,
        env=bare_env(cwd),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("args", "broken", "code"),
    [
        (["providers"], ("stdout",), 141),
        (["run", "--help"], ("stdout",), 141),
        (["show", "nope"], ("stderr",), 2),
        (["run", "nope.yaml"], ("stdout", "stderr"), 2),
        (["runs"], ("stderr",), 141),
    ],
    ids=str,
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_that_nobody_reads_is_no_bug(
    args: list[str], broken: tuple[str, ...], code: int, unbuffered: str, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*BATCH, *args],
        cwd=tmp_path,
        env=bare_env(tmp_path, PYTHONUNBUFFERED=unbuffered),
        stdout=writing if "stdout" in broken else subprocess.PIPE,
        stderr=writing if "stderr" in broken else subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stdout or b"", done.stderr or b"") == (code, b"", b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_keep_a_run_from_being_done(closed: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("system: x\nquestions: [Hello]\n", encoding="utf-8")
    done = in_shell(f'"$@" {closed}', "run", "p.yaml", "--provider", "scripted", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (records,) = tmp_path.glob("runs/2*/records.jsonl")
    lines = records.read_text(encoding="utf-8").splitlines()
    assert [line[:1] + line[-1:] for line in lines] == ["{}"] * 3


def test_a_deleted_working_folder_is_said_in_one_line(tmp_path: Path) -> None:
    done = in_shell('mkdir gone && cd gone && rmdir ../gone && "$@"', "runs", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "batch: the working folder was deleted; change to another folder\n"
