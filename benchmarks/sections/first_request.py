"""How soon a huge run begins: from the start of the process to the first request that reaches the endpoint."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import Spread
from benchmarks.result import Bar, Section

MODEL = "mock-n1-w5000"  # nothing is answered before the run is over
STOPPED_EARLY = 3
ROWS = 200_000
TABLE = """\
controls: [empty]
questions: [What is rain?]
personas: [{from: cast.csv, id: "{{ id }}", system: "{{ system }}", attributes: {world: "{{ world }}"}}]
"""


def measure(bench: Bench) -> Section:
    """Start runs of ever larger grids, and one of a large table, and stop each after its first requests."""
    rows = [["cells", "first request after, s", "peak MB"]]
    section = Section("first_request", "Time to the first request", rows)
    for name, folder, files, samples in _grids(bench):
        seconds, peaks = _first_requests(bench, folder, [*files, "-n", str(samples)])
        rows.append([name, f"{seconds}", f"{peaks.middle:.0f}"])
        section.bars.append(Bar(f"first request of {name}", seconds, "s", 2.0))
    section.bars.append(Bar(f"memory of {name}", peaks, "MB", 150.0))
    return section


def _grids(bench: Bench) -> Iterator[tuple[str, Path, list[str], int]]:
    for personas, questions, samples in ((10, 100, 1), (300, 1000, 5)):
        folder = bench.folder()
        cast, asked = write_files(folder, personas, questions)
        yield f"{personas * questions * samples:,} cells", folder, [str(cast), "-q", str(asked)], samples
    folder = bench.folder()
    lines = (f'p{n},"You are persona {n}, who likes {n % 977} and tea.",w{n % 7}\n' for n in range(ROWS))
    (folder / "cast.csv").write_text("id,system,world\n" + "".join(lines), encoding="utf-8")
    (folder / "cast.yaml").write_text(TABLE, encoding="utf-8")
    yield f"a table of {ROWS:,} personas", folder, ["cast.yaml"], 1


def _first_requests(bench: Bench, folder: Path, words: list[str]) -> tuple[Spread, Spread]:
    """Return the seconds to the first request, and the peak memory."""
    seconds, peaks = [], []
    for _ in range(bench.times(5)):
        bench.endpoint.reset()
        one = bench.batch(
            *("run", *words, "--base-url", bench.endpoint.base_url, "-m", MODEL),
            *("-j", 1, "--max-requests", 1, "--time-limit", 1, "--quiet", "-o", "runs"),
            folder=folder,
            accept=(STOPPED_EARLY,),
        )
        seconds.append((bench.endpoint.stats()["first_request_ns"] - one.started_ns) / 1e9)
        peaks.append(one.peak)
    return Spread.of(seconds), Spread.of(peaks)
