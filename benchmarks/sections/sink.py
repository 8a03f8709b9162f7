"""What it costs to write a record, against the usual ways to write a line of JSON."""

from benchmarks.bench import Bench
from benchmarks.measure import Spread, client, number
from benchmarks.result import Section

WAYS = ("sink", "json", "json, fsync per line")


def measure(bench: Bench) -> Section:
    """Time the writing of records of about 3.4 KB."""
    rows = [["way", "CPU µs a record", "wall µs a record", "what a kill -9 may lose"]]
    section = Section("sink", "Writing records of 3.4 KB", rows)
    loses = {"sink": "nothing", "json": "the last 8 KB", "json, fsync per line": "nothing"}
    for way in WAYS:
        count = bench.size(2000 if "fsync" in way else 50_000)
        runs = [client("write_records", way, count, bench.folder()) for _ in range(bench.times(3))]
        cpu, wall = (Spread.of([one[clock] / count * 1e6 for one in runs]) for clock in ("cpu", "wall"))
        rows.append([f"our sink{', synced 4 times a second' if way == 'sink' else ''}" if way == "sink" else way,
                     number(cpu.middle), number(wall.middle), loses[way]])  # fmt: skip
    return section
