import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from faults.grids import Grid
from servers.faulty import serving


def _let_a_day_pass(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "state" / "ledger.sqlite")) as ledger, ledger:
        moved = ledger.execute("UPDATE asked SET day = date(day, '-1 day')")
        assert moved.rowcount > 0


@pytest.mark.slow
def test_a_daily_quota_takes_three_days_of_continue(tmp_path: Path) -> None:
    with serving() as server:
        grid = Grid.make(tmp_path, 1200, server.base_url)
        codes, asked_by_then = [], []
        for _ in range(3):
            ended = grid.run("--continue", "--per-day", "500")
            codes.append(ended.code)
            asked_by_then.append(len(server.chats))
            if ended.code == 3:
                assert "come back after" in ended.err
                again = grid.run("--continue", "--per-day", "500")  # the same day: nothing is asked
                assert (again.code, len(server.chats)) == (3, asked_by_then[-1])
            _let_a_day_pass(tmp_path)
        assert codes == [3, 3, 0]
        assert asked_by_then == [500, 1000, 1200]
        grid.assert_complete()
        done = grid.run("--resume", "latest")
        assert (done.code, len(server.chats)) == (0, 1200)


def test_two_processes_on_two_runs_share_the_quota(tmp_path: Path) -> None:
    with serving() as server:
        grid = Grid.make(tmp_path, 80, server.base_url)
        both = [grid.start("--per-day", "100", "--out", name) for name in ("one", "two")]
        ended = [process.communicate(timeout=100) for process in both]
        assert len(server.chats) == 100, ended
        assert 3 in [process.returncode for process in both]
        assert {process.returncode for process in both} <= {0, 3}
