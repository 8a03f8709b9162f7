"""`--engine batch` as a whole run: what it refuses, the folder it keeps, and what the summary says."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from faults.grids import Grid
from faults.test_storage import FULL_DISK
from persona_batch.config.load import Overrides
from persona_batch.errors import UsageError
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.preview import preview
from persona_batch.pipeline.run import run_batch
from persona_batch.pipeline.sealing import Summary
from persona_batch.record.reader import read_records
from pipeline.workshop import Workshop
from servers.batch_plan import Fate, Plan, Trouble
from servers.batches import batches

BATCH = "id: wukong\nsystem: 你是孙悟空\ncontrols: []\nquestions: [你好, 你对取经怎么看？]\n"


def call(workshop: Workshop, text: str, given: Mapping[str, Any], **options: Any) -> Summary:
    """Call `batch run` once."""
    file = workshop.write("wukong.yaml", text)
    given = {"models": ("test-model",), **given}
    options = {"engine": "batch", **options}
    overrides = Overrides(**given)
    return asyncio.run(
        run_batch(RunOptions(files=(file,), out=workshop.out, overrides=overrides, **options), workshop.seen)
    )


def test_in_flight_cells_are_left_and_a_later_call_has_them(workshop: Workshop) -> None:
    priced = BATCH + "run: {price: {input: 1000, output: 1000, currency: CNY, batch: 0.5}}\n"
    with batches(Plan(looks=2)) as server:
        at = {"base_url": server.base_url}
        first = call(workshop, priced, at)
        assert (first.exit_code, first.state, first.cells, first.left, first.asked) == (3, "stopped", 2, 2, 0)
        second = call(workshop, priced, at, continue_newest=True)
        assert (second.exit_code, second.state, second.left, second.asked) == (0, "complete", 0, 2)
        assert first.path == second.path
        records = list(read_records(Path(second.path) / "records.jsonl"))
        tokens = sum(usage.together or 0 for record in records for usage in record.usages)
        assert second.cost is not None
        assert second.cost.amounts["CNY"] == Decimal(tokens) * 1000 / 1_000_000 / 2  # half the price of streaming
        assert {record.engine for record in records} == {"batch"}
        assert json.loads((Path(second.path) / "run.json").read_bytes())["sessions"][-1].get("lost", 0) == 0


def test_a_run_with_open_submissions_is_of_no_other_engine(workshop: Workshop) -> None:
    with batches(Plan(looks=-1)) as server:
        at = {"base_url": server.base_url}
        path = call(workshop, BATCH, at).path
        with pytest.raises(UsageError, match=r"2 cells in batch files.*--engine batch.*--cancel"):
            call(workshop, BATCH, at, engine="local", resume=path)
        with pytest.raises(UsageError, match=r"2 cells in batch files.*--engine batch.*--cancel"):
            call(workshop, BATCH, at, engine="local", continue_newest=True)
        file, models = workshop.write("wukong.yaml", BATCH), ("test-model",)
        overrides = Overrides(models=models, base_url=server.base_url)
        seen = preview(RunOptions(files=(file,), out=workshop.out, overrides=overrides, engine="batch", resume=path))
        assert (seen.cells, seen.submitted, seen.left, seen.requests) == (2, 2, 0, 0)
        server.end()
        assert call(workshop, BATCH, at, resume=path).exit_code == 0
        assert not server.asked("chat")


def test_a_pool_takes_no_batch_files(workshop: Workshop) -> None:
    pool = "run: {provider: {id: two, base_urls: ['http://127.0.0.1:1/v1', 'http://127.0.0.1:2/v1']}}\n"
    for ask in (call, lambda *of: preview(RunOptions(files=(workshop.write("w.yaml", of[1]),), engine="batch"))):
        with pytest.raises(UsageError, match=r"two is a pool, and batch files live on one server"):
            ask(workshop, BATCH + pool, {})
    assert not workshop.out.exists()


def test_a_complete_run_still_writes_down_what_came_of_its_files(workshop: Workshop) -> None:
    with batches(Plan(looks=1)) as server:
        at = {"base_url": server.base_url}
        run = Path(call(workshop, BATCH, at).path)
        lines = (run / "submissions.jsonl").read_bytes().splitlines(keepends=True)
        assert b'"collected"' in lines[-1]
        (run / "submissions.jsonl").write_bytes(b"".join(lines[:-1]))  # killed when the last record was written
        assert call(workshop, BATCH, at, resume=str(run)).exit_code == 0
        assert b'"collected"' in (run / "submissions.jsonl").read_bytes().splitlines()[-1]
        assert len(server.submitted) == 1


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        (BATCH, {"provider": "modelscope"}, "modelscope takes no batch files; leave --engine away"),
        (BATCH, {"provider": "scripted"}, "scripted takes no batch files"),
        (
            "id: a\nsystem: b\nquestions: [{id: long, turns: [one, two]}, short]\n",
            {"provider": "openai"},
            "long is a conversation",
        ),
        (
            "id: a\nsystem: b\nprobe: who?\nquestions: [short]\n",
            {"provider": "openai"},
            "probes are asked on forks",
        ),
        (BATCH + "params: {temperature: 0.5}\n", {"provider": "moonshot"}, "takes no temperature in batch files"),
        (BATCH, {"provider": "moonshot", "params": {"top_p": 0.5}}, "takes no top_p in batch files"),
        (BATCH, {"provider": "moonshot", "factors": {"temperature": [0, 1]}}, "takes no temperature in batch files"),
        (BATCH, {"provider": "vllm", "models": ()}, "name it by --model"),
    ],
)
def test_what_batch_files_cannot_serve_is_refused_before_anything_is_done(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, text: str, given: dict[str, Any], said: str
) -> None:
    for name in ("MODELSCOPE_API_KEY", "OPENAI_API_KEY", "MOONSHOT_API_KEY"):
        monkeypatch.setenv(name, "sk-tests-0123456789abcdef")
    with pytest.raises(UsageError, match=said):
        call(workshop, text, given)
    assert not workshop.runs


def test_an_endpoint_that_takes_no_files_leaves_no_folder(workshop: Workshop) -> None:
    with (
        batches(Plan(troubles={"upload": [Trouble(status=404)]})) as server,
        pytest.raises(UsageError, match="took no batch file"),
    ):
        call(workshop, BATCH, {"base_url": server.base_url})
    assert not workshop.runs


def test_limits_by_the_minute_are_said_to_mean_nothing(workshop: Workshop) -> None:
    with batches() as server:
        text = BATCH + "run: {limits: {rpm: 5}}\n"
        assert call(workshop, text, {"base_url": server.base_url}).exit_code == 0
    assert [note for note in workshop.seen.notes if "--rpm" in note and "no meaning" in note]


def test_offline_files_are_made_without_a_server(workshop: Workshop) -> None:
    nobody = {"provider": "vllm", "base_url": "http://127.0.0.1:9/v1"}
    first = call(workshop, BATCH, nobody)
    assert (first.exit_code, first.left) == (3, 2)
    assert first.message is not None
    assert "vllm run-batch -i " in first.message
    (requests,) = (Path(first.path) / "batches").glob("*.requests.jsonl")
    bodies = [json.loads(line)["body"] for line in requests.read_bytes().splitlines()]
    assert [body["model"] for body in bodies] == ["test-model"] * 2


def test_errors_are_asked_again_only_when_it_is_wanted(workshop: Workshop) -> None:
    with batches(Plan(fates=[Fate(failing={0: 400})])) as server:
        at = {"base_url": server.base_url}
        first = call(workshop, BATCH, at)
        assert (first.exit_code, first.counts) == (1, {"ok": 1, "error": 1})
        again = call(workshop, BATCH, at, resume=first.path, retry_errors=True)
        assert (again.exit_code, again.counts) == (0, {"ok": 2})
        assert sorted(len(keys) for keys in server.submitted.values()) == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no limits of files")
def test_on_a_full_disk_nothing_is_handed_over_twice(tmp_path: Path) -> None:
    with batches(Plan(looks=2)) as server:
        grid = Grid.make(tmp_path, 400, server.base_url)
        full = [sys.executable, "-c", FULL_DISK, "60000"]
        ended = grid.run("--engine", "batch", wrapped_by=full)
        assert ended.code in (1, 3), ended.err
        assert "cannot be written" in ended.err
        assert "Traceback" not in ended.err
        assert not server.submitted
        for _ in range(2):
            grid.run("--engine", "batch", "--resume", "latest")
        grid.assert_complete()
        assert [len(keys) for keys in server.submitted.values()] == [400]
