"""Several processes at the same moment on the same batch."""

from pathlib import Path

from faults.grids import Grid
from servers.act import Act, Script
from servers.faulty import serving


def test_calls_of_continue_at_the_same_moment_make_one_run(tmp_path: Path) -> None:
    with serving(Script(default=Act(latency=0.2))) as server:
        grid = Grid.make(tmp_path, 60, server.base_url)
        together = [grid.start("--continue") for _ in range(3)]
        ended = [process.communicate(timeout=100) for process in together]
        assert sorted(process.returncode for process in together) == [0, 4, 4], ended
        assert len(server.chats) == 60
        grid.assert_complete()
