"""Wrong input from the command line: one line with place and remedy, exit code 2, nothing sent, no run left behind."""

import socket
import sys
from pathlib import Path

import pytest

from cli.calling import Call
from config.wrong import Wrong
from config.wrong_checks import CHECKS
from config.wrong_guesses import GUESSES
from config.wrong_shapes import SHAPES
from config.wrong_signs import SIGNS
from config.wrong_talks import TALKS
from config.wrong_values import VALUES
from config.wrong_yaml import READINGS, YAML
from servers.act import Act, Script, error_body
from servers.faulty import serving
from terminals.command import batch

PIRATE = """\
id: pirate
system: Talk like a pirate.
questions: [What is a loop?, Is it cold today?]
"""
KEY = "sk-0123456789abcdefghij"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working folder with a right persona file."""
    (tmp_path / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "wrong", [*YAML, *READINGS, *SIGNS, *SHAPES, *GUESSES, *VALUES, *TALKS, *CHECKS], ids=lambda wrong: wrong.name
)
def test_a_wrong_file_exits_2_and_leaves_nothing(wrong: Wrong, tmp_path: Path, call: Call) -> None:
    content = wrong.content
    (tmp_path / "p.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = call("run", "p.yaml", "--provider", "scripted")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"batch: p.yaml:{wrong.problem}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["p.yaml"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume", "latest", "--continue"], "--resume and --continue contradict each other"),
        (["--quiet", "--verbose"], "--quiet and --verbose contradict each other"),
        (["--json", "--watch"], "--json and --watch contradict each other"),
        (["--retry-errors"], "--retry-errors is for a run that is there: add --resume or --continue"),
        (["--engine", "mpi"], "--engine mpi: expected one of local, batch"),
        (["--limit", "0"], "'--limit': 0 is less than 1"),
        (["--param", "temperature=hot"], "--param temperature: found text `hot`, expected a number"),
        (["--param", "api_key=abc"], "--param api_key: an API key or other secret never stands on the command line"),
        (["--fail-under", "0.5"], "--fail-under: nothing that is asked has a check; add `checks: […]`"),
        (["--fail-under", "0", "-p", "pirate"], "--fail-under: nothing that is asked has a check"),
        (["--fail-under", "1", "--dry-run"], "--fail-under: nothing that is asked has a check"),
        (["-m", ""], "--model: found nothing, expected a model's name"),
        (["-o", "pirate.yaml"], "pirate.yaml: no run folder can be made there (it is a file); name another folder"),
        (["-o", "pirate.yaml", "--continue"], "pirate.yaml: no run folder can be made there (it is a file)"),
        (["-o", "pirate.yaml/runs"], "pirate.yaml/runs: no run folder can be made there (Not a directory)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_is_one_line_sends_nothing_and_leaves_nothing(
    options: list[str], said: str, work: Path, call: Call
) -> None:
    with serving() as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url, *options)
        assert server.chats == []
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("batch: ")
    assert said in line
    assert [path.name for path in work.iterdir() if path.name != "pirate.yaml"] == []


@pytest.mark.parametrize(
    ("script", "options", "said"),
    [
        (Script(api_key="another"), ["--api-key-env", "MINE"], "refused the key"),
        (Script(api_key="another"), [], "misses one"),
        (Script(models=["one", "two"]), [], "no model named"),
        (Script(models=None), [], "no model named"),
        (Script(default=Act(status=404, body=error_body("no x", code="model_not_found"))), ["-m", "x"], "no x"),
        (
            Script(models=None, default=Act(status=401, body=error_body(f"bad {KEY}"))),
            ["-m", "x", "--api-key-env", "MINE"],
            "check the key",
        ),
    ],
    ids=["wrong key", "no key", "several models", "no list of models", "unknown model", "key refused by the reply"],
)
def test_an_endpoint_that_cannot_be_asked_exits_2_and_leaves_no_run(
    script: Script, options: list[str], said: str, work: Path, call: Call
) -> None:
    with serving(script) as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url, *options, env={"MINE": KEY})
    assert (done.code, done.out) == (2, "")
    *notes, line = done.err.splitlines()
    assert said in line
    assert all("does not list a model" in note for note in notes)
    assert KEY not in done.err
    assert not list(work.glob("runs/*"))


def test_an_unreachable_host_exits_2_and_leaves_no_run(work: Path, call: Call) -> None:
    with socket.socket() as taken:  # bound but not listening: refused
        taken.bind(("127.0.0.1", 0))
        done = call("run", "pirate.yaml", "--base-url", f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert "connection refused" in line
    assert not (work / "runs").exists()


@pytest.mark.parametrize("command", ["compare", "show", "run --resume"])
@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("personas", "this is a folder of persona files, no run; `batch run personas` asks them"),
        ("prompts", "this is a folder of question files, no run; `batch run PERSONA.yaml -q prompts` asks"),
        ("runs", "this is a folder of runs; name one of them"),
    ],
)
def test_a_folder_that_is_no_run_is_told_its_command(
    command: str, ref: str, said: str, tmp_path: Path, call: Call
) -> None:
    files = {"personas/p.yaml": PIRATE, "prompts/q.yaml": "questions: [Hi]\n", "runs/a/run.json": "{}"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = call(*command.split(), ref)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"batch: {ref}: {said}")


@pytest.mark.parametrize("words", ["run", "check", "ask", "chat", "run pirate.yaml -q"])
@pytest.mark.parametrize("ref", ["runs/a", "runs/a/records.jsonl", "runs/a/run.json"])
def test_a_run_in_the_place_of_a_file_is_told_its_command(words: str, ref: str, work: Path, call: Call) -> None:
    (work / "runs/a").mkdir(parents=True)
    for name in ("records.jsonl", "run.json"):
        (work / "runs/a" / name).touch()
    done = call(*words.split(), ref)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"batch: {ref}: this is a run; `batch show runs/a")


def test_text_lost_to_a_comment_is_told_before_the_run(tmp_path: Path, call: Call) -> None:
    (tmp_path / "p.yaml").write_text("system: x\nquestions:\n  - Sing in F #major\n  - Bye # now\n")
    done = call("run", "p.yaml", "--provider", "scripted")
    assert done.code == 0
    warnings = [line for line in done.err.splitlines() if "is a comment to YAML" in line]
    assert [line.split(": `")[1].split("`")[0] for line in warnings] == ["#major", "# now"]


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["run", "pirate.yaml", "--api-key-env", KEY], "--api-key-env: "),
        (["run", "pirate.yaml", f"--model={KEY}"], "--model: "),
        (["ask", "pirate.yaml", f"what is {KEY}?"], "argument 3: "),
        (["run", "pirate.yaml", "--api-key", "gsk_" + "aB3dE5" * 8], "--api-key: "),
        ([KEY], "argument 1: "),
        (
            ["schedule", "add", "pirate.yaml", "--on-failure", "curl -H 'Authorization: Bearer q8Zr2LmN0pXy7Kd1'"],
            "--on-f",
        ),
    ],
)
def test_a_key_among_the_arguments_is_refused_and_not_shown(
    args: list[str], named: str, work: Path, call: Call
) -> None:
    done = call(*args)
    assert (done.code, done.out) == (2, "")
    assert f"batch: {named}" in done.err
    assert "never stands on the command line" in done.err
    for secret in (KEY, "aB3dE5", "q8Zr2"):
        assert secret not in done.err
    assert [path.name for path in work.iterdir()] == ["pirate.yaml"]


def test_the_value_of_a_key_is_in_no_message_about_a_wrong_call(work: Path, call: Call) -> None:
    env = {"AZ_KEY": "odd.value-77"}
    for args in (["run", "odd.value-77.yaml"], ["odd.value-77"], ["run", "pirate.yaml", "--provider", "odd.value-77"]):
        done = call(*args, env=env)
        assert done.code == 2
        assert "odd.value" not in done.err
        assert "[key]" in done.err


ODD = "b\udcffd"  # the byte 0xff, as Python hands it on


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are UTF-8")
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", f"{ODD}.yaml"],
        ["run", "pirate.yaml", "-q", f"{ODD}.yaml"],
        ["run", "pirate.yaml", "--out", f"runs/{ODD}"],
        ["run", f"folder-{ODD}"],
        ["run", "folder"],
        ["run", "folder/*.yaml"],
        ["run", "pirate.yaml", "--param", f"stop={ODD}"],
        ["ask", f"{ODD}.yaml", "hi"],
        ["check", "folder"],
        ["show", ODD],
    ],
    ids=lambda arguments: " ".join(arguments).replace("\udcff", "?"),
)
def test_a_name_that_is_not_utf8_is_wrong_usage(arguments: list[str], work: Path) -> None:
    for folder in ("folder", f"folder-{ODD}"):
        (work / folder).mkdir()
        (work / folder / f"{ODD}.yaml").write_text(PIRATE, encoding="utf-8")
    (work / f"{ODD}.yaml").write_text(PIRATE, encoding="utf-8")
    before = set(work.iterdir())
    done = batch(*arguments, *(["--provider", "scripted"] if arguments[0] in ("run", "ask") else []), cwd=work)
    assert (done.returncode, done.stdout) == (2, "")
    assert "not UTF-8; rename it" in done.stderr
    assert r"b\xffd" in done.stderr
    assert set(work.iterdir()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are UTF-8")
def test_a_working_folder_whose_name_is_not_utf8_is_wrong_usage(work: Path) -> None:
    odd = work / ODD
    odd.mkdir()
    (odd / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
    done = batch("run", "pirate.yaml", "--provider", "scripted", cwd=odd)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the name of the working folder is not UTF-8" in done.stderr
    assert [path.name for path in odd.iterdir()] == ["pirate.yaml"]
