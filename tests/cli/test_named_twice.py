"""A run that several names stand for counts once, wherever several may be named."""

import json
import os
import re
from pathlib import Path

import pytest

from cli.calling import Call
from persona_batch import UsageError, compare, table
from reporting.runs import crew, write_run

ID = "20261122T065600Z-crew"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a folder `runs` that `runs/latest` links to; the folder is gone into."""
    monkeypatch.chdir(tmp_path)
    made = write_run(tmp_path / "runs", crew(ID), ID)
    (tmp_path / "runs" / "latest").symlink_to(made.name, target_is_directory=True)
    return made


@pytest.mark.parametrize("other", ["runs/latest", "latest", ID, f"runs/{ID}/records.jsonl", f"./runs/{ID}/"])
def test_it_counts_once_and_that_is_said(run: Path, call: Call, other: str) -> None:
    named = (f"runs/{ID}", other)
    said = f"{other} is the same run as runs/{ID}; it counts once"
    once, twice = call("export", named[0], "--format", "jsonl"), call("export", *named, "--format", "jsonl")
    assert twice.out == once.out
    assert said in twice.err
    alone, same = call("compare", named[0], "-f", "json"), call("compare", *named, "-f", "json")
    assert json.loads(same.out) == json.loads(alone.out)
    assert f"{said}, and its personas are compared with each other" in same.err
    page = call("report", *named, "-o", "page.html")
    assert said in page.err
    head = re.search('<p class="about">([^<]*)', Path("page.html").read_text(encoding="utf-8"))
    assert head is not None
    assert head[1].count(ID) == 1
    assert len(table(list(named))["reply"]) == len(table(named[0])["reply"])


def test_a_copy_is_another_run(run: Path, call: Call) -> None:
    copy = _copy(run)
    done = call("export", str(run), str(copy), "--format", "jsonl")
    assert "counts once" not in done.err
    assert len(done.out.splitlines()) == 2 * len(call("export", str(run), "--format", "jsonl").out.splitlines())


def test_two_runs_are_compared_persona_by_persona(run: Path, call: Call) -> None:
    copy = _copy(run)
    done = call("compare", str(run), str(copy), "--by", "model")
    assert (done.code, "--by and a second run do not go together" in done.err) == (2, True)
    with pytest.raises(UsageError, match="do not go together"):
        compare(run, copy, by="model")


def _copy(run: Path) -> Path:
    copy = run.with_name("20261123T065600Z-crew")
    copy.mkdir()
    for file in run.iterdir():
        os.link(file, copy / file.name)
    return copy
