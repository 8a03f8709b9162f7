"""`batch run --engine batch` at a real endpoint of batch files, from the command line to the records."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.calling import Call
from servers.batch_plan import Fate, Plan
from servers.batches import BatchServer, batches

FILE = "system: Talk like a pirate.\nquestions: [Ahoy?, Where to?]\nrun: {model: test-model}\n"
MADE_OTHERWISE = ("run_id", "timing", "engine", "request_id", "system_fingerprint")


@pytest.fixture
def pirate(tmp_path: Path) -> str:
    """Write a batch of one persona and a control, and return its name."""
    (tmp_path / "pirate.yaml").write_text(FILE, encoding="utf-8")
    return "pirate.yaml"


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the records of a run by key, without what its engine decides."""
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    found = {record["key"]: record for record in map(json.loads, lines)}
    assert len(found) == len(lines)
    return found


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what its engine decides."""
    return {name: value for name, value in record.items() if name not in MADE_OTHERWISE}


def submitted_once(server: BatchServer) -> bool:
    """Whether no key went into two batches."""
    keys = [key for keys in server.submitted.values() for key in keys]
    return len(keys) == len(set(keys)) > 0


def test_what_comes_in_files_is_recorded_as_what_is_streamed(call: Call, pirate: str, tmp_path: Path) -> None:
    with batches(Plan(looks=0)) as server:
        arguments = ("run", pirate, "--base-url", server.base_url, "-n", "2")
        in_files = call(*arguments, "--engine", "batch")
        streamed = call(*arguments)
        assert (in_files.code, streamed.code) == (0, 0), in_files.err + streamed.err
        assert submitted_once(server)
    first, second = (records(tmp_path / done.out.splitlines()[-1]) for done in (in_files, streamed))
    assert first.keys() == second.keys()
    assert [plain(first[key]) for key in first] == [plain(second[key]) for key in first]
    assert {record["engine"] for record in first.values()} == {"batch"}
    assert {record["timing"] is None for record in first.values()} == {True}


def test_a_status_that_nobody_knows_is_told_and_waited_out(call: Call, pirate: str) -> None:
    with batches(Plan(looks=-1, default=Fate(word="resting"))) as server:
        done = call("run", pirate, "--base-url", server.base_url, "--engine", "batch")
        assert done.code == 3
        again = call("run", "--resume", "latest")
        assert again.code == 3
        assert (
            "says `resting` of the batch batch_1, a status that is not known: it is taken for one under way"
            in again.err
        )
        server.end()
        last = call("run", "--resume", "latest")
        assert last.code == 0, last.err
        assert submitted_once(server)
