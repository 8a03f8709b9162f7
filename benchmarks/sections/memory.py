"""Peak memory of a whole run, small and large, against the plain script on the same cells."""

import sys

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import ROOT, Spread, run
from benchmarks.result import Bar, Section

MODEL = "mock-n5"


def measure(bench: Bench) -> Section:
    """Run 1,000 and 200,000 cells; the script, which is flat as well, gets 10,000 of the latter."""
    rows = [["cells", "program", "peak MB", "wall s"]]
    section = Section("memory", "Peak memory", rows)
    peaks: dict[tuple[str, str], float] = {}
    for size, personas, questions, plain_personas in (
        ("small", 10, 100, 10),
        ("large", bench.size(1000), 200, bench.size(50)),
    ):
        folder = bench.folder()
        cast, asked = write_files(folder, personas, questions)
        where = ["--base-url", bench.endpoint.base_url, "-m", MODEL, "-o", folder / "runs"]
        ours = bench.batch("run", cast, "-q", asked, *where, "-j", 50, "--quiet", folder=folder)
        script = [sys.executable, "-m", "benchmarks.clients.plain_script", bench.endpoint.base_url, MODEL, "50"]
        plain = run([*script, str(folder / "out.jsonl"), str(plain_personas), str(questions)], folder=ROOT)
        for name, one, count in (("batch run", ours, personas), ("plain SDK script", plain, plain_personas)):
            peaks[size, name] = one.peak
            rows.append([f"{count * questions:,}", name, f"{one.peak:.0f}", f"{one.wall:.1f}"])
    small, large = peaks["small", "batch run"], peaks["large", "batch run"]
    beyond = max(peaks[size, "batch run"] - peaks[size, "plain SDK script"] for size in ("small", "large"))
    section.bars += [
        Bar("memory of the large run over the small one", Spread.of([large / small]), "×", 1.1),
        Bar("memory beyond the plain script's", Spread.of([beyond]), "MB", 20.0),
    ]
    return section
