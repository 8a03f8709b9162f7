"""There is no more memory (`ulimit -v`): the run is sealed, says so in a line and can go on."""

import sys
from pathlib import Path

import pytest

from faults.grids import Grid
from servers.act import Act, Script
from servers.faulty import serving

LONG = Act(reply="x" * 120_000_000, chunks=40)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of address space is Linux's")
@pytest.mark.parametrize("kilobytes", [450_000, 380_000, 320_000])
def test_want_of_memory_stops_the_run_early_and_it_can_go_on(kilobytes: int, tmp_path: Path) -> None:
    with serving(Script(acts=[Act(), Act(), LONG])) as server:
        grid = Grid.make(tmp_path, 6, server.base_url)
        ended = grid.run("-j", "1", wrapped_by=("bash", "-c", f'ulimit -v {kilobytes}; exec "$@"', "-"))
        assert ended.code == 3, ended.err
        assert ended.err.splitlines()[-1].startswith(
            "batch: stopped early: there is no more memory; give the process more"
        )
        assert "Traceback" not in ended.err
        assert grid.manifest()["state"] == "stopped"
        assert len(grid.records()) == 2
        assert grid.run("--resume").code == 0
        grid.assert_complete()
