"""`batch run` from the command line: how runs end."""

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


def test_the_table_has_the_controls_first_whatever_answers_first(work: Path, call: Call) -> None:
    with serving() as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url)
    assert [line.split()[0] for line in done.out.splitlines()[1:-2]] == ["none", "assistant", "pirate", "total"]
    assert Path(done.out.splitlines()[-1], "records.jsonl").exists()
    asked, after = done.err.splitlines()[-2:]
    assert asked.startswith("batch: 6 cells asked in ")
    path = done.out.splitlines()[-1]
    assert after == f"batch: next: `batch compare {path}`, or `batch report {path}` for a page with every reply"
    assert call(*after.split("`")[1].split()[1:], "--measures", "shift").code == 0


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


def test_cells_without_a_reply_are_counted_with_the_way_to_see_them(work: Path, call: Call) -> None:
    refusal = Act(status=400, body=error_body("系统检测到输入或生成内容可能包含不安全或敏感内容", code="1301"))
    with serving(Script(acts=[Act(reply="")], default=refusal)) as server:
        done = call("run", "pirate.yaml", "--base-url", server.base_url, "-j", "1")
    assert done.code == 0
    folder = done.out.splitlines()[-1]
    assert done.err.splitlines()[-2:] == [
        f"batch: 5 cells filtered by the endpoint: `batch show {folder} --status filtered` shows them",
        f"batch: 1 cell with an empty reply: `batch show {folder} --status empty` shows them",
    ]
    assert len(call("show", folder, "--status", "filtered", "--jsonl").out.splitlines()) == 5


def test_a_resumed_run_shows_all_its_cells_in_the_table(work: Path, call: Call) -> None:
    with serving() as server:
        first = call("run", "pirate.yaml", "--base-url", server.base_url, "--max-requests", "4")
        assert (first.code, len(server.chats)) == (3, 4)
        rest = call("run", "--resume")
    assert rest.code == 0
    assert [line.split()[1] for line in rest.out.splitlines()[1:-2]] == ["2", "2", "2", "6"]
    assert first.err.splitlines()[-1].endswith(f"`batch run --resume {rest.out.splitlines()[-1]}`")
    assert "2 cells asked" in rest.err
