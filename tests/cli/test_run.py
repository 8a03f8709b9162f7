"""`batch run` from the command line: how calls are refused, and how runs end."""

from pathlib import Path

import pytest

from cli.calling import Call
from servers.act import Act, Script, error_body
from servers.faulty import serving

PIRATE = """\
id: pirate
system: Talk like a pirate.
questions: [What is a loop?, Is it cold today?]
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working folder with a batch of six cells."""
    (tmp_path / "pirate.yaml").write_text(PIRATE, encoding="utf-8")
    return tmp_path


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


def test_the_table_has_the_controls_first_whatever_answers_first(work: Path, call: Call) -> None:
    with serving() as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url)
    assert [line.split()[0] for line in done.out.splitlines()[1:-1]] == ["none", "assistant", "pirate"]
    assert Path(done.out.splitlines()[-1], "records.jsonl").exists()
    assert done.err.splitlines()[-1].startswith("batch: 6 cells asked in ")


def test_failed_cells_are_counted_with_the_reason_and_both_ways_on(work: Path, call: Call) -> None:
    refusal = Act(status=400, body=error_body("top_k is unknown"))
    with serving(Script(acts=[refusal])) as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url)
    assert done.code == 1
    folder = done.out.splitlines()[-1]
    (line,) = [line for line in done.err.splitlines() if "failed" in line]
    assert line.startswith("batch: 1 cell failed (bad_request: HTTP 400: top_k is unknown): ")
    assert f"`batch show {folder} --failed`" in line
    assert f"`batch run --resume {folder} --retry-errors`" in line
    assert call("show", folder, "--failed", "--jsonl").out.count("top_k is unknown") == 1


def test_a_resumed_run_shows_all_its_cells_in_the_table(work: Path, call: Call) -> None:
    with serving() as server:
        first = call("run", "pirate.yaml", "--base-url", server.base_url, "--max-requests", "4")
        assert (first.code, len(server.chats)) == (3, 4)
        rest = call("run", "--resume")
    assert rest.code == 0
    assert [line.split()[1] for line in rest.out.splitlines()[1:-1]] == ["2", "2", "2"]
    assert "2 cells asked" in rest.err
