"""Peak memory of a whole run, small and large, against the plain script on the same cells."""

import sys

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import ROOT, Spread, run
from benchmarks.result import Bar, Section

MODEL = "mock-n5"
PERSONAS, QUESTIONS, SAMPLES = 100, 200, 10


def measure(bench: Bench) -> Section:
    """Run 1,000 and 200,000 cells; the script, which is flat as well, gets 10,000 of the latter."""
    rows = [["cells", "program", "peak MB", "wall s"]]
    section = Section("memory", "Peak memory", rows)
    peaks: dict[tuple[str, str], float] = {}
    folder = bench.folder()
    cast, asked = write_files(folder, PERSONAS, QUESTIONS)
    where = ["--base-url", bench.endpoint.base_url, "-m", MODEL, "-j", 50, "--quiet"]
    script = [sys.executable, "-m", "benchmarks.clients.plain_script", bench.endpoint.base_url, MODEL, "50"]
    for size, cells, plain_cells in (("small", 1000, 1000), ("large", bench.size(200_000), bench.size(10_000))):
        out = ["-n", SAMPLES, "--limit", cells, "-o", folder / size]
        ours = bench.batch("run", cast, "-q", asked, *where, *out, folder=folder)
        plain = run([*script, folder / f"{size}.jsonl", plain_cells // 100, 100], folder=ROOT)
        for name, one, count in (("batch run", ours, cells), ("plain SDK script", plain, plain_cells)):
            peaks[size, name] = one.peak
            rows.append([f"{count:,}", name, f"{one.peak:.1f}", f"{one.wall:.1f}"])
    small, large = peaks["small", "batch run"], peaks["large", "batch run"]
    beyond = max(peaks[size, "batch run"] - peaks[size, "plain SDK script"] for size in ("small", "large"))
    section.bars += [
        Bar("memory of the large run over the small one", Spread.of([large / small]), "×", 1.1),
        Bar("memory beyond the plain script's", Spread.of([beyond]), "MB", 20.0),
    ]
    section.remarks.append(
        "The input is the same for both sizes: 100 personas, 200 questions, 10 samples; a thousand personas more "
        "take about 2 MB. What grows with the cells is the set of their keys, about 25 bytes each."
    )
    return section
