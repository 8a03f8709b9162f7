"""How soon a huge run begins: from the start of the process to the first request that reaches the endpoint."""

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import Spread
from benchmarks.result import Bar, Section

MODEL = "mock-n1-w5000"  # nothing is answered before the run is over
STOPPED_EARLY = 3


def measure(bench: Bench) -> Section:
    """Start runs of ever larger grids and stop each after its first requests."""
    rows = [["cells", "first request after, s", "peak MB"]]
    section = Section("first_request", "Time to the first request", rows)
    for personas, questions, samples in ((10, 100, 1), (300, 1000, 5)):
        folder = bench.folder()
        cast, asked = write_files(folder, personas, questions)
        seconds, peaks = [], []
        for _ in range(bench.times(5)):
            bench.endpoint.reset()
            one = bench.batch(
                *("run", cast, "-q", asked, "--base-url", bench.endpoint.base_url, "-m", MODEL, "-n", samples),
                *("-j", 1, "--max-requests", 1, "--time-limit", 1, "--quiet", "-o", "runs"),
                folder=folder,
                accept=(STOPPED_EARLY,),
            )
            seconds.append((bench.endpoint.stats()["first_request_ns"] - one.started_ns) / 1e9)
            peaks.append(one.peak)
        cells = personas * questions * samples
        rows.append([f"{cells:,}", f"{Spread.of(seconds)}", f"{Spread.of(peaks).middle:.0f}"])
    section.bars.append(Bar(f"first request of {cells:,} cells", Spread.of(seconds), "s", 2.0))
    return section
