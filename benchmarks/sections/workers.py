"""`--workers`: whole runs of long replies with one process and with more; needs a core for each."""

import os

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import Spread, number
from benchmarks.result import Section

MODEL = "mock-n500"


def measure(bench: Bench) -> Section:
    """Compare on all cores; what is measured shares them with the mock."""
    rows = [["workers", "wall s", "faster by"]]
    section = Section("workers", f"More than one process: 2,000 replies of 500 tokens, {os.cpu_count()} cores", rows)
    folder = bench.folder()
    cast, asked = write_files(folder, 20, bench.size(100))
    where = ["--base-url", bench.endpoint.base_url, "-m", MODEL, "-j", 64, "--quiet", "-o", "runs"]
    walls: dict[int, list[float]] = {1: [], 2: [], 3: []}
    for _ in range(bench.times(3)):
        for workers, seconds in walls.items():
            arguments = ["run", cast, "-q", asked, *where, "--workers", workers]
            seconds.append(bench.batch(*arguments, folder=folder, core=None).wall)
    alone = Spread.of(walls[1]).middle
    for workers, seconds in walls.items():
        wall = Spread.of(seconds)
        rows.append([str(workers), f"{wall}", f"{number(alone / wall.middle)} ×"])
    section.remarks.append(
        "Only here what is measured is not kept to one core. One worker is this process itself; with two, a third "
        "process keeps the limits and writes the records."
    )
    return section
