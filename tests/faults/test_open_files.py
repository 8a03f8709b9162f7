"""The system lets a process have few files open: fewer connections, and no cell is lost."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import persona_batch
from faults.grids import Grid
from servers.act import Act, Script
from servers.faulty import serving


@pytest.mark.parametrize(
    ("ulimit", "options", "most"),
    [
        ("-n 48", (), 16),
        ("-Sn 48", (), 90),  # the soft limit a process may raise itself
        ("-n 64", ("--workers", "2"), 56),
        ("-n 24", (), 1),
    ],
)
def test_connections_keep_to_the_open_files_that_are_allowed(
    ulimit: str, options: tuple[str, ...], most: int, tmp_path: Path
) -> None:
    with serving(Script(default=Act(latency=0.05))) as server:
        grid = Grid.make(tmp_path, 200, server.base_url)
        shell = ("bash", "-c", f'ulimit {ulimit}; exec "$@"', "-")
        ended = grid.run("-j", "90", *options, wrapped_by=shell)
        assert ended.code == 0, ended.err
        grid.assert_complete()
        assert 1 <= server.most_in_flight <= most + most // 4 + 4  # the server hears late that a client has left
        assert {record["attempts"] for record in grid.records()} == {1}
        assert (f"{most} requests at a time instead of 90" in ended.err) == (most < 90)


def test_many_input_files_are_not_all_open_at_once(tmp_path: Path) -> None:
    with serving(Script()) as server:
        grid = Grid.make(tmp_path, 1, server.base_url)
        for number in range(100):
            (tmp_path / f"more-{number}.yaml").write_text(
                f"{{id: m{number}, system: {{file: s{number}.txt}}, controls: [], questions: [q{number}.yaml]}}"
            )
            (tmp_path / f"s{number}.txt").write_text(f"You are {number}.")
            (tmp_path / f"q{number}.yaml").write_text(f"questions: [question {number}]")
        ended = grid.run("more-*.yaml", "-j", "20", wrapped_by=("bash", "-c", 'ulimit -n 40; exec "$@"', "-"))
        assert ended.code == 0, ended.err
        assert len(grid.records()) == 101


@pytest.mark.parametrize(
    ("ulimit", "code", "said"), [("-Sn 48", 0, "6 records of 40 runs merged"), ("-n 48", 2, "40 runs, and the system")]
)
def test_many_runs_are_merged_or_it_is_told_how_many_can_be(ulimit: str, code: int, said: str, tmp_path: Path) -> None:
    persona_batch.run({"a": "hi"}, ["q", "r"], provider="scripted", out=tmp_path / "runs")
    (run,) = (tmp_path / "runs").glob("2*")
    for number in range(40):
        shutil.copytree(run, tmp_path / f"copy-{number}")
    shell = ["bash", "-c", f'ulimit {ulimit}; exec "$@"', "-", sys.executable, "-m", "persona_batch"]
    done = subprocess.run([*shell, "merge", "copy-*"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
