"""What a command costs before it does anything."""

import sys
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import Run, Spread, run
from benchmarks.result import Bar, Section


def measure(bench: Bench) -> Section:
    """Time commands against an interpreter that does nothing."""
    folder = bench.folder()
    cast, asked = write_files(folder, 2, 3)
    commands: dict[str, list[str | Path]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "batch --help": [bench.batch_command, "--help"],
        "batch --version": [bench.batch_command, "--version"],
        "batch check": [bench.batch_command, "check", cast, asked],
        "batch runs": [bench.batch_command, "runs"],
        "python -c 'import openai'": [sys.executable, "-c", "import openai"],
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(bench.times(15) + 1):
        for name, command in commands.items():
            runs[name].append(run(command, folder=folder, environment=bench.environment))
    nothing = Spread.of([each.wall for each in runs["python -c pass"][1:]])
    rows = [["command", "ms", "ratio to `python -c pass`"]]
    section = Section("startup", "Start-up", rows)
    for name, each in runs.items():
        wall = Spread.of([1000 * one.wall for one in each[1:]])
        ratio = Spread.of([one.wall / nothing.middle for one in each[1:]])
        rows.append([f"`{name}`", f"{wall}", f"{ratio}"])
        if name == "batch --help":
            section.bars.append(Bar("`batch --help` over `python -c pass`", ratio, "×", 8.0, 6.5))
        if name in {"batch check", "batch runs"}:
            section.bars.append(Bar(f"`{name}` over `python -c pass`", ratio, "×", 20.0, 15.0))
        if name.startswith("batch"):
            section.plotted[name] = ratio.middle
    return section
