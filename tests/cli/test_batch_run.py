"""`batch run --engine batch` as its user sees it: submitted, looked at, collected, and paid for at half the price."""

import json
from pathlib import Path

import pytest

from cli.calling import Call
from servers.batch_plan import Plan
from servers.batches import BatchServer, batches

FILE = """\
system: Talk like a pirate.
controls: []
questions: [Ahoy?, Where to?]
run: {model: test-model, price: {input: 10, output: 100, currency: CNY, batch: 0.5}}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "pirate.yaml").write_text(FILE, encoding="utf-8")
    return "pirate.yaml"


def submit(call: Call, server: BatchServer, file: str, *more: str) -> tuple[str, ...]:
    return ("run", file, "--engine", "batch", "--base-url", server.base_url, *more)


def test_a_run_is_submitted_and_collected_by_the_command_that_it_names(file: str, call: Call) -> None:
    with batches(Plan(looks=-1)) as server:
        first = call(*submit(call, server, file))
        path = first.out.splitlines()[-1]
        runs = call("runs").out
        server.end()
        then = call("run", "--resume", path)
    assert first.code == 3
    assert "submitted, not done: 2 cells in 1 batch file at http" in first.err
    assert f"2 of 2 cells are left: `batch run --resume {path}`" in first.err
    assert "stopped early" not in first.err
    assert "stopped, 2 submitted" in runs
    assert (then.code, then.out.splitlines()[-1]) == (0, path)
    assert "in a batch file" in call("show", path).out
    assert call("submissions", path).out.endswith(": collected; 2 records\n")


def test_json_has_how_many_cells_are_submitted(file: str, call: Call) -> None:
    with batches(Plan(looks=-1)) as server:
        waiting = call(*submit(call, server, file, "--json"))
        server.end()
        done = json.loads(call("run", "--resume", "latest", "--json").out)
    said = json.loads(waiting.out)
    assert (said["exit_code"], said["left"], said["submitted"]) == (3, 2, 2)
    assert "submitted, not done" in waiting.err
    assert (done["exit_code"], done["left"], done["submitted"]) == (0, 0, 0)


def test_it_is_billed_at_the_share_everywhere(file: str, call: Call, tmp_path: Path) -> None:
    with batches(Plan(looks=0)) as server:
        done = json.loads(call(*submit(call, server, file, "--json", "--wait", "30s")).out)
        before = call(*submit(call, server, file, "-n", "10", "--dry-run")).out
    lines = (tmp_path / done["path"] / "records.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    tokens = [(one["usage"]["prompt_tokens"], one["usage"]["completion_tokens"]) for one in records]
    half = sum(10 * prompt + 100 * reply for prompt, reply in tokens) / 2 / 10**6
    assert done["cost"]["amounts"]["CNY"] == pytest.approx(half)
    assert {(one["engine"], one["timing"]) for one in records} == {("batch", None)}
    assert json.loads(call("runs", "--json").out)[0]["cost"]["amounts"]["CNY"] == pytest.approx(half)
    assert f"in batch files (--engine batch): about ¥{half * 10:.3g}" in before
    assert f"cost, streamed: about ¥{half * 20:.3g}" in before


def test_what_waits_for_batch_files_is_waited_for_by_no_other_engine(file: str, call: Call) -> None:
    with batches(Plan(looks=-1)) as server:
        call(*submit(call, server, file))
        done = call("run", file, "--resume", "latest", "--base-url", server.base_url)
        waits = call("run", file, "--base-url", server.base_url, "--wait", "1h")
    assert (done.code, "under way" in done.err) == (2, True)
    assert (waits.code, "--wait is for results of batch files: add --engine batch" in waits.err) == (2, True)


def test_the_dry_run_refuses_what_the_run_refuses(file: str, call: Call) -> None:
    for more in ((), ("--dry-run",)):
        done = call("run", file, "--engine", "batch", "--provider", "lmstudio", *more)
        assert (done.code, "lmstudio takes no batch files" in done.err) == (2, True)
