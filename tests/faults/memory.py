"""Measure the peak memory of `batch run` by the size of the grid, new and resumed; nothing is sent anywhere.

The long form: `PYTHONPATH=tests python -m faults.memory 1000 20000 200000`
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_QUESTIONS = 100
_PROGRAM = """
import re, runpy, sys
sys.argv = ["batch", *sys.argv[1:]]
try:
    runpy.run_module("persona_batch", run_name="__main__", alter_sys=False)
except SystemExit as end:
    if end.code:
        raise
with open("/proc/self/status") as status:  # getrusage would count the parent in, as it was at the fork
    print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", status.read()).group(1), file=sys.stderr)
"""


class Peak(NamedTuple):
    """Peak resident memory in MB, and how long the process took in seconds."""

    megabytes: float
    seconds: float


def write_batch(folder: Path) -> None:
    """Write a persona with 100 questions."""
    questions = "".join(f"  - question {number}\n" for number in range(_QUESTIONS))
    text = f"id: wukong\nsystem: 你是孙悟空\ncontrols: []\nquestions:\n{questions}"
    (folder / "wukong.yaml").write_text(text, encoding="utf-8")


def measure(folder: Path, *options: str) -> Peak:
    """Run `batch run wukong.yaml` with the made-up provider in `folder`."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "run", "wukong.yaml", "--provider", "scripted", "--quiet", *options],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    kilobytes = int(done.stderr.rsplit("peak", 1)[1])
    return Peak(kilobytes / 1024, time.monotonic() - started)


def measure_size(cells: int) -> tuple[Peak, Peak]:
    """Return the peaks of a new run of so many cells, and of a resume that asks one sample more."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_batch(folder)
        samples = cells // _QUESTIONS
        new = measure(folder, "-n", str(samples))
        resumed = measure(folder, "-n", str(samples + 1), "--resume", "latest")
        (records,) = folder.glob("runs/2*/records.jsonl")
        with records.open("rb") as lines:
            found = sum(1 for _ in lines)
        if found != (samples + 1) * _QUESTIONS:
            raise RuntimeError(f"{found} records")
        return new, resumed


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("cells", type=int, nargs="+")
    for cells in options.parse_args().cells:
        new, resumed = measure_size(cells)
        print(  # noqa: T201  the result
            f"{cells:>9,} cells: new {new.megabytes:6.1f} MB {new.seconds:6.1f} s, "
            f"resumed {resumed.megabytes:6.1f} MB {resumed.seconds:6.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
