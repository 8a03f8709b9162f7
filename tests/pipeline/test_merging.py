"""Runs of one batch merged: the run that one process would have made, or a word about what does not belong."""

import asyncio
import json
import shutil
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import persona_batch
from persona_batch.config.load import Overrides
from persona_batch.errors import RunLocked, UsageError
from persona_batch.pipeline.merging import Merged, merge
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.run import run_batch
from persona_batch.pipeline.sealing import Summary
from persona_batch.record import Record
from persona_batch.record.judgment import judgments_at
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rating import Rating, read_ratings, write_ratings
from persona_batch.record.reader import read_records
from persona_batch.record.record import encode
from persona_batch.record.rundir import list_runs, run_at
from persona_batch.record.submissions import read_submissions
from persona_batch.view.comparison_export import as_json
from pipeline.workshop import Workshop
from servers.batch_plan import Plan
from servers.batches import batches

CREW = """\
personas:
  - {id: wukong, system: 你是孙悟空, checks: [{contains: 你}]}
  - {id: bajie, system: 你是猪八戒}
questions: [你好, 你是谁？, 你爱吃什么？]
run: {samples: 2, price: {currency: USD, input: 1, output: 2}}
"""
CELLS = (2 + 2) * 3 * 2


def _shards(workshop: Workshop, file: str, of: int = 3, **options: Any) -> list[Summary]:
    return [workshop.run([file], shard=f"{number}/{of}", **options) for number in range(1, of + 1)]


def _merged(workshop: Workshop, parts: Sequence[Summary | Path]) -> Merged:
    return merge([str(part if isinstance(part, Path) else part.path) for part in parts], workshop.out)


def _said(path: str) -> list[tuple[object, ...]]:
    """What the records of a run say, but for when they were made and by which run."""
    records = read_records(Path(path) / "records.jsonl")
    return sorted(
        (one.key, one.persona, one.question, one.sample, repr(one.messages), one.reply, one.status, repr(one.checks))
        for one in records
    )


def _edit(run: str | Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = Path(run) / "run.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_merged_shards_are_the_run_that_one_process_makes(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    single = workshop.run([file])
    parts = _shards(workshop, file)
    merged = _merged(workshop, parts)
    assert _said(merged.path) == _said(single.path)
    assert (merged.state, merged.exit_code, merged.cells, merged.left) == ("complete", 0, CELLS, 0)
    assert (merged.counts, merged.tokens, merged.cost) == (single.counts, single.tokens, single.cost)
    assert {one.run_id for one in read_records(Path(merged.path) / "records.jsonl")} == {merged.run_id}
    mine, theirs = (read_manifest(Path(path) / "run.json") for path in (merged.path, single.path))
    for name in ("batch_id", "endpoint", "models", "plan", "files", "cells", "batch_cells", "config", "exit_code"):
        assert getattr(mine, name) == getattr(theirs, name), name
    assert mine.shard is None
    assert [(one.run_id, one.shard, one.records) for one in mine.merged] == [
        (part.run_id, f"{number}/3", part.asked) for number, part in enumerate(parts, 1)
    ]
    assert [one.done for one in mine.sessions] == [part.asked for part in parts]
    assert [one.prices for one in mine.prices] == [one.prices for one in theirs.prices]
    assert merged.run_id.endswith("Z-crew")
    assert list_runs(workshop.out)[-1].id == merged.run_id == (workshop.out / "latest").readlink().name
    assert all((workshop.out / part.run_id).is_dir() for part in parts)


def test_what_compare_says_of_merged_shards_is_what_it_says_of_the_single_run(tmp_path: Path) -> None:
    crew = {"wukong": "你是孙悟空", "bajie": "你是猪八戒"}

    def run(shard: str | None) -> str:
        made = persona_batch.run(crew, ["你好", "你是谁？"], provider="scripted", samples=6, shard=shard, out=tmp_path)
        return str(made.path)

    def told(path: str) -> str:
        return as_json(persona_batch.compare(path)).replace(Path(path).name, "RUN")

    merged = merge([run("2/2"), run("1/2")], tmp_path)
    assert told(merged.path) == told(run(None))


def test_the_rest_is_asked_by_resuming_the_merged_run(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    whole = _said(workshop.run([file]).path)
    first, _, third = _shards(workshop, file)
    merged = _merged(workshop, [third, first])
    assert (merged.exit_code, merged.state, merged.missing) == (3, "stopped", ["2/3"])
    assert "shard 2/3 missing" in merged.notes
    assert merged.left == CELLS - first.asked - third.asked
    before = len(workshop.asked)
    ended = workshop.run([], resume=merged.path)
    assert (ended.exit_code, ended.asked, len(workshop.asked) - before) == (0, merged.left, merged.left)
    assert _said(ended.path) == whole
    assert [one.shard for one in read_manifest(Path(ended.path) / "run.json").merged] == ["1/3", "3/3"]


def test_shards_that_grew_merge_and_one_that_lags_behind_is_told(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    parts = _shards(workshop, file)
    workshop.write(
        "crew.yaml", CREW.replace("你爱吃什么？]", "你爱吃什么？, 你去哪儿？]").replace("samples: 2", "samples: 3")
    )
    grown = [workshop.run([file], resume=part.path, shard=f"{number}/3") for number, part in enumerate(parts, 1)]
    single = workshop.run([file])
    merged = _merged(workshop, grown)
    assert _said(merged.path) == _said(single.path)
    more = workshop.run([file], resume=parts[0].path, shard="1/3", overrides={"samples": 5})
    lagging = _merged(workshop, grown)
    assert lagging.exit_code == 3
    assert lagging.records == single.cells + more.asked
    assert "shard 2/3 has 3 samples of each cell, others have 5" in lagging.notes
    ended = workshop.run([file], resume=lagging.path, overrides={"samples": 5})
    assert (ended.asked, ended.exit_code) == (lagging.left, 0)


def test_a_shard_of_an_older_plan_is_refused_by_what_was_edited(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    old = workshop.run([file], shard="1/2")
    workshop.write("crew.yaml", CREW.replace("你是猪八戒", "你是沙和尚"))
    new = workshop.run([file], shard="2/2")
    with pytest.raises(UsageError, match="are not of one batch as it stands: persona bajie differs"):
        _merged(workshop, [old, new])


def test_no_run_is_made_in_the_folder_of_another(workshop: Workshop) -> None:
    one, two = _shards(workshop, workshop.write("crew.yaml", CREW), 2)
    inside = Path(one.path)
    with pytest.raises(UsageError, match="is in the folder of the run"):
        merge([one.path, two.path], inside / "runs")
    assert not (inside / "runs").exists()


def test_what_does_not_belong_together_is_named(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    one, two = _shards(workshop, file, 2)
    before = sorted(workshop.out.iterdir())

    def refused(change: Callable[[dict[str, Any]], object], said: str) -> None:
        other = workshop.out / "20990101T000000Z-crew-shard-2-of-2"
        shutil.copytree(two.path, other)
        _edit(other, change)
        with pytest.raises(UsageError, match=said):
            _merged(workshop, [one, other])
        shutil.rmtree(other)

    refused(lambda run: run.update(batch_id="ship"), "do not belong together: batch crew, and ship")
    refused(lambda run: run.update(endpoint="http://x/v1"), "made at http://127.0.0.1:.*, and http://x/v1")
    refused(lambda run: run.update(models=["a", "b"]), "models test-model, and a, b")
    refused(lambda run: run["config"]["run"].update(thinking="keep"), "thinking: separate, and keep")
    refused(lambda run: run["config"].update(imported={"tool": "promptfoo"}), "was imported from results of promptfoo")
    refused(lambda run: run.update(plan=None), "does not say of which batch its records are")
    assert {path for path in workshop.out.iterdir() if path.suffix != ".lock"} == set(before)


def test_a_run_that_is_held_is_not_merged(workshop: Workshop) -> None:
    one, two = _shards(workshop, workshop.write("crew.yaml", CREW), 2)
    with run_at(Path(two.path)).lock(), pytest.raises(RunLocked, match="a process is still on this run") as told:
        _merged(workshop, [one, two])
    assert told.value.exit_code == 4
    assert _merged(workshop, [one, two]).exit_code == 0


def test_a_record_of_no_cell_is_refused_and_nothing_is_left(workshop: Workshop) -> None:
    one, two = _shards(workshop, workshop.write("crew.yaml", CREW), 2)
    records = Path(two.path) / "records.jsonl"
    lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
    records.write_text("".join(lines).replace('"sample":1', '"sample":7', 1), encoding="utf-8")
    before = len(workshop.runs)
    with pytest.raises(UsageError, match=r"sample 7, is of no cell of the batch; `batch run --resume"):
        _merged(workshop, [one, two])
    assert len(workshop.runs) == before
    assert not (workshop.out / ".merging").exists()


def test_copies_count_once_and_two_answers_to_one_cell_are_refused(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    one, two = _shards(workshop, file, 2)
    copy = workshop.folder / "elsewhere" / Path(two.path).name
    shutil.copytree(two.path, copy)
    merged = _merged(workshop, [one, two, copy])
    assert (merged.exit_code, merged.records, merged.copies) == (0, CELLS, two.asked)
    assert len(read_manifest(Path(merged.path) / "run.json").sessions) == 2
    assert f"{two.asked:,} records in several runs alike: each counts once" in merged.notes
    again = _merged(workshop, [merged_run(merged), one])
    assert (again.records, again.cost, again.copies) == (merged.records, merged.cost, one.asked)
    assert len(read_manifest(Path(again.path) / "run.json").sessions) == 2
    twice = workshop.run([file], shard="2/2")
    with pytest.raises(UsageError, match=rf"have different records of the same {two.asked} cells .* were asked twice"):
        _merged(workshop, [one, two, twice])


def merged_run(merged: Merged) -> Path:
    return Path(merged.path)


def test_torn_lines_are_passed_over_and_a_killed_run_is_taken_as_it_is(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    one, two = _shards(workshop, file, 2)
    records = Path(two.path) / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:-1]) + lines[-1][:-9])
    _edit(two.path, lambda run: run.update(state="running", exit_code=None, ended_at=None))
    merged = _merged(workshop, [one, two])
    assert (merged.left, merged.exit_code, merged.records) == (1, 3, CELLS - 1)
    assert "shard 2/2 is not finished (killed)" in merged.notes
    ended = workshop.run([], resume=merged.path)
    assert (ended.asked, ended.exit_code) == (1, 0)


def test_filters_that_all_shards_had_are_those_of_the_whole(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    parts = _shards(workshop, file, 2, limit=10)
    merged = _merged(workshop, parts)
    manifest = read_manifest(Path(merged.path) / "run.json")
    assert (merged.exit_code, merged.cells, manifest.cells, manifest.batch_cells) == (0, 10, 10, CELLS)
    assert manifest.config["invocation"]["limit"] == 10
    wider = workshop.run([file], resume=parts[0].path, shard="1/2")
    both = _merged(workshop, parts)
    assert (both.records, both.cells, both.exit_code) == (parts[1].asked + wider.cells, CELLS, 3)


def test_what_stands_beside_the_records_comes_along(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    parts = _shards(workshop, file, 2)
    runs = [run_at(Path(part.path)) for part in parts]
    firsts = [next(read_records(run.records)) for run in runs]
    for number, (run, first) in enumerate(zip(runs, firsts, strict=True)):
        obsolete = _renamed(first, key=f"{number:032x}", sample=9)
        run.set_aside.write_bytes(encode(obsolete) + b"\n")
        run.errors.write_bytes(encode(_renamed(first, status="error")) + b"\n" + b'{"torn')
        judgment = {
            "key": f"{number + 5:032x}", "record_key": first.key, "rubric": "r", "rubric_hash": "x", "reply_hash": "y",
            "provider": "p", "judge": "j", "status": "ok", "score": number,
        }  # fmt: skip
        judgments_at(run.path).path.write_text(json.dumps(judgment) + "\n", encoding="utf-8")
        write_ratings(run.path, [Rating(key=first.key, rater="ann", score=number)])
        run.batches.mkdir()
        (run.batches / f"s{number}.jsonl").write_text("asked\n", encoding="utf-8")
        events: list[dict[str, Any]] = [
            {"id": f"s{number}", "step": "intended", "at": "t", "file": f"s{number}.jsonl", "keys": [first.key]},
            {"id": f"s{number}", "step": "collected", "at": "t"},
        ]
        run.submissions.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    merged = run_at(Path(_merged(workshop, parts).path))
    assert [one.key for one in read_records(merged.set_aside)] == [f"{number:032x}" for number in (0, 1)]
    assert [one.key for one in read_records(merged.errors)] == [first.key for first in firsts]
    assert {one.run_id for one in read_records(merged.errors)} == {merged.id}
    assert [one.score for one in judgments_at(merged.path).read()] == [0, 1]
    assert [one.score for one in read_ratings(merged.path)] == [0, 1]
    assert [(one.id, one.open) for one in read_submissions(merged.submissions)] == [("s0", False), ("s1", False)]
    assert sorted(path.name for path in merged.batches.iterdir()) == ["s0.jsonl", "s1.jsonl"]
    assert workshop.run([], resume=str(merged.path)).asked == 0
    runs[0].submissions.write_text(json.dumps(events[0]) + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"results of 1 batch file are still to come; `batch run --resume .* collects"):
        _merged(workshop, parts)


def test_what_one_shard_set_aside_returns_where_the_whole_has_a_cell_for_it(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    one, two = _shards(workshop, file, 2)
    fewer = workshop.run([file], resume=one.path, shard="1/2", overrides={"samples": 1})
    assert fewer.set_aside > 0
    merged = _merged(workshop, [fewer, two])
    assert (merged.returned, merged.exit_code, merged.records) == (fewer.set_aside, 0, CELLS)
    assert not (Path(merged.path) / "set-aside.jsonl").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    made = persona_batch.run(
        {"wukong": "你是孙悟空", "bajie": "你是猪八戒"},
        ["你好", "你是谁？"],
        provider="scripted",
        samples=2,
        out=folder,
    )
    return Path(made.path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.sets(st.integers(0, 2), min_size=1), min_size=16, max_size=16), st.randoms())
def test_whatever_way_a_run_is_divided_merged_it_is_the_whole(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, where: list[set[int]], chance: Any
) -> None:
    folder = tmp_path_factory.mktemp("divided")
    lines = (whole / "records.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == len(where)
    parts = [folder / f"part{number}" for number in range(3)]
    for number, part in enumerate(parts):
        part.mkdir()
        its_own = [line for line, places in zip(lines, where, strict=True) if number in places]
        chance.shuffle(its_own)
        (part / "records.jsonl").write_bytes(b"".join(its_own))
        shutil.copyfile(whole / "run.json", part / "run.json")
    merged = merge([str(part) for part in parts], folder / "runs")
    assert (merged.exit_code, merged.cells, merged.left) == (0, 16, 0)
    assert merged.copies == sum(len(places) - 1 for places in where)
    assert _said(merged.path) == _said(str(whole))
    one, other = (read_manifest(path / "run.json") for path in (Path(merged.path), whole))
    assert (one.counts, one.tokens, one.cost, one.sessions) == (other.counts, other.tokens, other.cost, other.sessions)


def _renamed(record: Record, **changes: Any) -> Record:
    return type(record)(**{name: getattr(record, name) for name in record.__struct_fields__} | changes)


def test_memory_does_not_grow_with_what_is_merged(tmp_path: Path) -> None:
    def peak(samples: int) -> int:
        out = tmp_path / str(samples)
        parts = [
            persona_batch.run(
                {"a": "hi"}, ["q"], provider="scripted", samples=samples, shard=f"{number}/2", out=out
            ).path
            for number in (1, 2)
        ]
        tracemalloc.start()
        merge([str(part) for part in parts], out)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(1500) - peak(100) < 3 * 1400 * 150, "a record has some thousand bytes, its key 23"


def test_shards_that_came_in_batch_files_merge_when_all_results_are_there(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workshop.write("crew.yaml", CREW)
    with batches(Plan(looks=-1), folder=workshop.folder / "endpoint") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-shards-0123456789abcdef")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        given = Overrides(provider="openai", models=("test-model",))

        def run(shard: str) -> Summary:
            asked = RunOptions(files=(file,), out=workshop.out, overrides=given, engine="batch", shard=shard)
            return asyncio.run(run_batch(replace(asked, continue_newest=True), workshop.seen))

        handed = [run("1/2"), run("2/2")]
        assert [one.exit_code for one in handed] == [3, 3]
        with pytest.raises(UsageError, match="results of 1 batch file are still to come"):
            _merged(workshop, handed)
        server.end()
        assert [run(shard).exit_code for shard in ("1/2", "2/2")] == [0, 0]
        merged = _merged(workshop, handed)
        assert (merged.exit_code, merged.records, merged.left) == (0, CELLS, 0)
        assert sorted(key for keys in server.submitted.values() for key in keys) == [
            one[0] for one in _said(merged.path)
        ]
    carried = run_at(Path(merged.path))
    assert [one.step for one in read_submissions(carried.submissions)] == ["collected", "collected"]
    assert {one.output for one in read_submissions(carried.submissions)} <= {
        one.name for one in carried.batches.iterdir()
    }
