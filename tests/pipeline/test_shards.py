"""Shards of a batch: their folders, what they ask, their limits, and how they go on."""

from pathlib import Path
from typing import Any

import pytest

from persona_batch.config.load import Overrides
from persona_batch.errors import UsageError
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.preview import preview
from persona_batch.pipeline.sealing import Summary
from persona_batch.plan.shard import Shard
from persona_batch.record.manifest import Manifest, read_manifest
from pipeline.workshop import Workshop

CREW = """\
personas:
  - {id: wukong, system: 你是孙悟空}
  - {id: bajie, system: 你是猪八戒}
questions: [你好, 你是谁？, 你爱吃什么？, 你对取经怎么看？]
run: {samples: 3}
"""
CELLS = (2 + 2) * 4 * 3


def _manifest(summary: Summary) -> Manifest:
    return read_manifest(Path(summary.path) / "run.json")


def _keys(workshop: Workshop, summary: Summary) -> list[str]:
    return [record.key for record in workshop.records(summary)]


def _all_keys(workshop: Workshop, summaries: list[Summary]) -> list[str]:
    return [key for summary in summaries for key in _keys(workshop, summary)]


def test_shards_ask_every_cell_once_also_the_controls(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    parts = [workshop.run([file], shard=f"{number}/3") for number in (1, 2, 3)]
    asked = len(workshop.asked)
    whole = workshop.run([file])
    assert asked == len(workshop.asked) - asked == CELLS
    of_parts = _all_keys(workshop, parts)
    assert sorted(of_parts) == sorted(_keys(workshop, whole))
    for number, part in enumerate(parts, 1):
        its_own, manifest = _keys(workshop, part), _manifest(part)
        assert all(Shard(number, 3).holds(key) for key in its_own)
        assert part.exit_code == 0
        assert part.cells == part.asked == len(its_own)
        assert Path(part.path).name.endswith(f"Z-crew-shard-{number}-of-3")
        assert (manifest.shard, manifest.cells, manifest.batch_cells) == (f"{number}/3", len(its_own), CELLS)
        assert manifest.plan == _manifest(whole).plan


def test_continue_goes_by_the_shard(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    cut = [workshop.run([file], shard=f"{number}/2", max_requests=4) for number in (1, 2)]
    assert [part.exit_code for part in cut] == [3, 3]
    assert [part.asked for part in cut] == [2, 2], "each has its share"
    assert cut[0].message == "the budget of 2 requests for shard 1/2 (--max-requests) is used up"
    other = workshop.run([file], max_requests=1)
    ended = [workshop.run([file], shard=f"{number}/2", continue_newest=True) for number in (2, 1)]
    assert [part.path for part in ended] == [cut[1].path, cut[0].path]
    assert [part.exit_code for part in ended] == [0, 0]
    asked = len(workshop.asked)
    again = workshop.run([file], shard="1/2", continue_newest=True)
    assert (again.path, again.exit_code, len(workshop.asked)) == (cut[0].path, 0, asked), "others may still be at work"
    assert workshop.run([file], continue_newest=True).path == other.path
    assert {path.name for path in workshop.out.glob(".*.lock")} == {
        ".crew.lock",
        ".crew-shard-1-of-2.lock",
        ".crew-shard-2-of-2.lock",
    }


def test_shards_that_are_called_again_and_again_ask_every_cell_once(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    codes = [3, 3, 3]
    while any(codes):
        codes = [
            workshop.run([file], shard=f"{number}/3", continue_newest=True, max_requests=12).exit_code
            for number in (1, 2, 3)
        ]
    assert len(workshop.asked) == CELLS
    assert len(list(workshop.out.glob("*Z-crew-shard-*"))) == 3


def test_resume_recalls_the_shard_and_refuses_another(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    cut = workshop.run([file], shard="2/2", max_requests=4)
    more = workshop.run([file], resume=cut.path, max_requests=4)
    assert (more.path, more.asked) == (cut.path, 2), "named with its file, too, a shard stays one"
    with pytest.raises(UsageError, match=r"is shard 2/2 of its batch"):
        workshop.run([], resume=cut.path, shard="1/2")
    ended = workshop.run([], resume=cut.path)
    assert (ended.exit_code, ended.path, ended.left) == (0, cut.path, 0)
    assert all(Shard(2, 2).holds(key) for key in _keys(workshop, ended))
    whole = workshop.run([file], max_requests=1)
    with pytest.raises(UsageError, match="is a run of the whole batch, no shard of it; resume it without --shard"):
        workshop.run([file], resume=whole.path, shard="1/2")


def test_a_shard_of_nothing_is_complete(workshop: Workshop) -> None:
    file = workshop.write("one.yaml", "id: a\nsystem: hi\nquestions: [hello]\ncontrols: []\n")
    parts = [workshop.run([file], shard=f"{number}/5") for number in range(1, 6)]
    assert sorted(part.asked for part in parts) == [0, 0, 0, 0, 1]
    assert {part.state for part in parts} == {"complete"}
    assert all(read_manifest(Path(part.path) / "run.json").cells == part.asked for part in parts)


def test_filters_and_the_limit_come_before_the_shard(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    whole = workshop.run([file], limit=20)
    parts = [workshop.run([file], limit=20, shard=f"{number}/2") for number in (1, 2)]
    assert sorted(_all_keys(workshop, parts)) == sorted(_keys(workshop, whole))
    grown = workshop.run([file], resume=parts[0].path, shard="1/2")
    manifest = _manifest(grown)
    assert grown.path == parts[0].path
    assert manifest.cells == sum(manifest.counts.values()) > parts[0].asked


def test_limits_that_do_not_reach_every_shard_are_refused(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    workshop.run([file], limit=1)
    before = len(workshop.runs)
    for name in ("rpm", "tpm", "per_day", "max_requests", "max_tokens_total"):
        given: dict[str, Any] = {name: 3} if name.startswith("max") else {"overrides": {name: 3}}
        with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} 3: limits are divided among the shards"):
            workshop.run([file], shard="1/4", **given)
    assert len(workshop.runs) == before


def test_the_day_is_divided(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    parts = [workshop.run([file], shard=f"{number}/3", overrides={"per_day": 10}) for number in (1, 2, 3)]
    assert [part.asked for part in parts] == [4, 3, 3]
    assert parts[0].message is not None
    assert "the day's 4 requests for shard 1/3 (--per-day" in parts[0].message
    assert workshop.run([file], overrides={"per_day": 10}).asked == 0, "together they are the whole"


def test_a_dry_run_has_the_numbers_of_the_shard(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW)
    given = Overrides(base_url="http://127.0.0.1:9/v1", models=("m",), per_day=8)
    found = [preview(RunOptions(files=(file,), overrides=given, shard=f"{number}/2")) for number in (1, 2)]
    assert sum(one.cells for one in found) == sum(one.requests for one in found) == CELLS
    for one in found:
        assert one.cells == one.left == sum(one.personas.values())
        assert one.days == -(-one.requests // 4)
        assert (one.per_day, one.shard in ("1/2", "2/2")) == (4, True)


def test_a_large_shard_is_counted_while_it_is_asked(workshop: Workshop) -> None:
    file = workshop.write("crew.yaml", CREW.replace("samples: 3", "samples: 1500"))
    cut = workshop.run([file], shard="2/3", max_requests=30)
    given = Overrides(base_url=workshop.base_url, models=("test-model",))
    counted = preview(RunOptions(files=(file,), overrides=given, shard="2/3", limit=24_000)).cells
    assert cut.cells == _manifest(cut).cells == counted
    assert (cut.exit_code, cut.asked, cut.left) == (3, 10, counted - 10)
    assert abs(counted - 8000) < 400


def test_a_conversation_that_a_share_does_not_let_through_is_told(workshop: Workshop) -> None:
    file = workshop.write("talk.yaml", "id: a\nsystem: hi\nquestions: [{id: t, turns: [a, b, c]}]\n")
    with pytest.raises(
        UsageError, match=r"--max-requests 2 for shard 1/2: a conversation here .* raise it to 6 at least"
    ):
        workshop.run([file], shard="1/2", max_requests=4, overrides={"models": ("test-model",)})
    assert workshop.run([file], shard="1/2", max_requests=6).exit_code in (0, 3)
