"""Kill `batch merge` (SIGKILL) before every single thing it does to files: nothing is left of it, or the whole.

    PYTHONPATH=tests python -m faults.merges FOLDER

FOLDER is copied for every step; it holds a folder of runs. Prints one JSON object a step.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from faults.steps import call, lines
from persona_batch.record.rundir import list_runs

MERGE = ("merge", "runs/*-shard-*", "--quiet")


def merge_killed_at_every_step(folder: Path) -> None:
    """Print, for every step, what is there after the kill, and after the next merge."""
    step, code = 0, -9
    while code == -9:
        step += 1
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / "work"
            shutil.copytree(folder, copy, symlinks=True)
            out, before = copy / "runs", sources(copy)
            code, at = call(copy, MERGE, kill_at=step)
            after = [len(lines(run.path, "records.jsonl")) for run in list_runs(out) if "-shard-" not in run.id]
            again, _ = call(copy, MERGE)
            told = {
                "step": at,
                "killed": code == -9,
                "records": after,
                "again": again,
                "merged": len([run for run in list_runs(out) if "-shard-" not in run.id]),
                "remains": sorted(path.name for path in out.glob(".merging/*")),
                "touched": sources(copy) != before,
            }
            print(json.dumps(told), flush=True)  # noqa: T201  the result


def sources(folder: Path) -> dict[str, bytes]:
    """Return what the runs hold that are merged."""
    found = sorted((folder / "runs").glob("*-shard-*/*"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if path.suffix != ".lock"}


if __name__ == "__main__":
    merge_killed_at_every_step(Path(sys.argv[1]))
