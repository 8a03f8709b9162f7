"""`batch merge` on the command line."""

import json
from pathlib import Path

import pytest

from cli.calling import Call

BATCH = "id: wukong\nsystem: 你是孙悟空\nquestions: [a, b, c]\n"


@pytest.fixture
def shards(tmp_path: Path, call: Call) -> list[str]:
    (tmp_path / "wukong.yaml").write_text(BATCH, encoding="utf-8")
    command = ("run", "wukong.yaml", "--provider", "scripted", "--quiet")
    return [call(*command, "--shard", f"{number}/2").out.splitlines()[-1] for number in (1, 2)]


def test_the_last_line_is_the_run_and_a_glob_or_an_id_names_the_shards(shards: list[str], call: Call) -> None:
    for names in (["runs/*-shard-*"], shards, [Path(shard).name for shard in shards]):
        merged = call("merge", *names)
        assert merged.code == 0
        path = Path(merged.out.splitlines()[-1])
        assert path.parent == Path("runs")
        assert path.name.endswith("-wukong")
        assert len((path / "records.jsonl").read_bytes().splitlines()) == 9
        assert "9 records of 2 runs merged" in merged.err


def test_json_and_another_folder_of_runs(shards: list[str], call: Call) -> None:
    merged = call("merge", *shards, "-o", "elsewhere", "--json", "--quiet")
    told = json.loads(merged.out)
    assert (told["cells"], told["left"], told["missing"], told["exit_code"]) == (9, 0, [], 0)
    assert Path(told["path"]).parent == Path("elsewhere")
    assert [one["shard"] for one in told["merged"]] == ["1/2", "2/2"]
    assert merged.err == ""


def test_a_missing_shard_is_told_with_what_asks_the_rest(shards: list[str], call: Call) -> None:
    merged = call("merge", shards[0])
    path = merged.out.splitlines()[-1]
    assert merged.code == 3
    assert "shard 2/2 missing" in merged.err
    assert f"cells left: `batch run --resume {path}` asks them" in merged.err
    assert call("run", "--resume", path, "--quiet").code == 0


def test_names_that_are_no_runs_are_refused(shards: list[str], call: Call) -> None:
    for names, said in (
        (["nothing-*"], "nothing-*: no folder matches; `batch runs` lists the runs"),
        (["wukong.yaml"], "this is a persona file, no run"),
        ([f"{shards[0]}/records.jsonl", shards[1]], ""),
    ):
        merged = call("merge", *names)
        assert merged.code == (2 if said else 0), merged.err
        assert said in merged.err
    assert call("merge").code == 2


@pytest.mark.parametrize("shard", ["0/4", "5/4", "2-4", "x"])
def test_a_shard_that_is_none_is_told_before_anything_is_read(shard: str, call: Call) -> None:
    told = call("run", "missing.yaml", "--shard", shard)
    assert told.code == 2
    assert f"--shard {shard}: " in told.err
    assert "4" in told.err


def test_runs_tell_the_shard(shards: list[str], call: Call) -> None:
    assert "complete, shard 1/2" in call("runs").out
    assert [row["shard"] for row in json.loads(call("runs", "--json").out)] == ["1/2", "2/2"]


def test_a_dry_run_tells_the_shard(shards: list[str], call: Call) -> None:
    assert len(shards) == 2
    said = [
        call("run", "wukong.yaml", "--provider", "scripted", "--dry-run", "--shard", f"{one}/2").out for one in (1, 2)
    ]
    assert all(f"shard {number}/2 of the batch" in text for number, text in enumerate(said, 1))
