import shutil
import sys
import time
from pathlib import Path

from faults.grids import Grid
from servers.act import Act, Script
from servers.faulty import serving

# Starts a command whose files may not grow beyond so many bytes: to it, the disk is full. Its coverage cannot be
# measured, for the measurement needs a file too; and Python itself would write bytecode cut in the middle.
FULL_DISK = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
os.execve(sys.argv[2], sys.argv[2:], environment | {"PYTHONDONTWRITEBYTECODE": "1"})
"""


def test_a_full_disk_ends_the_run_and_what_is_there_is_whole(tmp_path: Path) -> None:
    with serving() as server:
        grid = Grid.make(tmp_path, 60, server.base_url)
        ended = grid.run(wrapped_by=[sys.executable, "-c", FULL_DISK, "20000"])
        assert ended.code in {1, 3}, ended.err
        assert "records.jsonl: cannot be written" in ended.err
        assert "Traceback" not in ended.err
        kept = grid.lines()
        assert 0 < len(kept) < 60
        assert (grid.only_run / "records.jsonl").read_bytes() == b"".join(kept)
        assert f"{60 - len(kept)} of 60 cells are left" in ended.err

        assert grid.run("--resume").code == 0
        grid.assert_complete()
        assert grid.lines()[: len(kept)] == kept


def test_a_removed_folder_ends_the_run_with_a_clear_message(tmp_path: Path) -> None:
    with serving(Script(default=Act(latency=0.05))) as server:
        grid = Grid.make(tmp_path, 500, server.base_url)
        process = grid.start()
        deadline = time.monotonic() + 60
        while len(grid.lines()) < 5:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        shutil.rmtree(grid.only_run)
        _, errors = process.communicate(timeout=60)
        assert process.returncode in {1, 3}
        assert "was removed" in errors
        assert "Traceback" not in errors
        assert len(server.chats) < 500


def test_a_torn_last_line_is_repaired_and_its_cell_asked_again(tmp_path: Path) -> None:
    with serving() as server:
        grid = Grid.make(tmp_path, 10, server.base_url)
        assert grid.run().code == 0
        file = grid.only_run / "records.jsonl"
        file.write_bytes(file.read_bytes()[:-40])
        assert grid.run("--resume").code == 0
        grid.assert_complete()
        assert len(server.chats) == 11
        assert (grid.only_run / "records.torn").exists()
