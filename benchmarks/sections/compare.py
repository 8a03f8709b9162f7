"""`batch compare` of a large run: time and peak memory of the whole process."""

from benchmarks.bench import Bench
from benchmarks.compare_speed import write
from benchmarks.measure import Spread
from benchmarks.result import Bar, Section

SIZES = (("24,000", 20, 60.0, 3),)  # records, arms, seconds allowed, repeats


def measure(bench: Bench) -> Section:
    """Compare made-up runs of 240 questions × 5 samples with every measure."""
    rows = [["records", "wall s", "processor s", "peak MB"]]
    section = Section("compare", "Comparing a large run", rows)
    for name, arms, allowed, times in SIZES:
        folder = bench.folder()
        write(folder / "records.jsonl", max(3, bench.size(arms)), 240, 5)
        runs = [bench.batch("compare", "records.jsonl", folder=folder, core=None) for _ in range(bench.times(times))]
        walls = Spread.of([one.wall for one in runs])
        cpu, peak = (Spread.of([getattr(one, what) for one in runs]).middle for what in ("cpu", "peak"))
        rows.append([name, str(walls), f"{cpu:.0f}", f"{peak:.0f}"])
        section.bars.append(Bar(f"`batch compare` of {name} records", walls, "s", allowed))
    section.remarks.append(
        "`python -m benchmarks.compare_speed` says where the time goes, measure by measure; with `--large` it also "
        "takes 300,000 records (docs/statistics.md has the figures)."
    )
    return section
