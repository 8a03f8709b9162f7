"""Wrong input from the command line: one line with place and remedy, exit code 2, nothing sent, no run left behind."""

import socket
from pathlib import Path

import pytest

from cli.calling import Call
from config.wrong import Wrong
from config.wrong_shapes import SHAPES
from config.wrong_values import VALUES
from config.wrong_yaml import READINGS, YAML
from servers.act import Act, Script, error_body
from servers.faulty import serving

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


@pytest.mark.parametrize("wrong", [*YAML, *READINGS, *SHAPES, *VALUES], ids=lambda wrong: wrong.name)
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
        (["--engine", "mpi"], "--engine mpi: expected local"),
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
