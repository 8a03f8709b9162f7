"""`batch report`: size and time of packing, and what the page takes in a browser."""

import sys
from pathlib import Path

import msgspec

from benchmarks.bench import Bench
from benchmarks.measure import Spread, run
from benchmarks.report_made import made_run
from benchmarks.result import Bar, Section

SIZES = ((1_000, 20, 50), (10_000, 100, 100), (50_000, 100, 500))  # records, conditions, questions
LIMITS = {10_000: 6.0, 50_000: 28.0}  # MB
SHOWN = ("first cells ms", "frame p95 ms", "first hit ms", "all ms", "scrolled MB", "searched MB")
LARGEST = SIZES[-1][0]
PACKING = "Packing is the whole process, without the comparison, which `batch compare` above has."
PAGE = (
    "The page is opened from disk in headless Chromium, 1400 × 900, drawn by software, on all cores; it is scrolled by "
    "60 pixels a frame, then a word is searched for that a third of the replies hold. Memory is the resident memory of "
    "the page's process, after either; a search whose word is nearly everywhere takes the most."
)
TEXTS = "The made-up replies pack by 3.2 in gzip, English ones of a model by 2.9: those take a tenth more."
_BARS = (
    ("first cells", "first_cells", "ms", 600.0),
    ("95 % of frames while scrolling", "frame_p95", "ms", 35.0),
    ("search of everything", "search", "ms", 1_200.0),
    ("memory of the page, scrolled", "scrolled_mb", "MB", 400.0),
)


def measure(bench: Bench) -> Section:
    """Pack made-up runs of records of 1 KB, and look at their pages in headless Chromium."""
    rows = [["records", "size MB", "packing s", "peak MB", *SHOWN]]
    section = Section("report", "The report of runs of 1 KB a reply", rows)
    for records, conditions, questions in SIZES[: bench.size(len(SIZES))]:
        folder = bench.folder()
        made = made_run(folder, personas=conditions, questions=questions)
        page = folder / "report.html"
        packed = [
            bench.batch("report", made, "-o", page, "--no-verdict", folder=folder, core=None)
            for _ in range(bench.times(3))
        ]
        shown = [in_a_browser(page) for _ in range(bench.times(5))]
        spread = {name: Spread.of([one[name] for one in shown]) for name in shown[0]}
        size = page.stat().st_size / 1e6
        wall, peak = (Spread.of([getattr(one, what) for one in packed]) for what in ("wall", "peak"))
        figures = [
            spread[name] for name in ("first_cells", "frame_p95", "first_hit", "search", "scrolled_mb", "searched_mb")
        ]
        rows.append([f"{records:,}", f"{size:.1f}", str(wall), f"{peak.middle:.0f}", *map(str, figures)])
        if records in LIMITS:
            section.bars.append(Bar(f"report of {records:,} records", Spread.of([size]), "MB", LIMITS[records]))
        if records == LARGEST:
            section.bars += [
                Bar(f"{what}, {records:,} records", spread[name], unit, limit) for what, name, unit, limit in _BARS
            ]
    section.remarks += [PACKING, PAGE, TEXTS]
    return section


def in_a_browser(page: Path) -> dict[str, float]:
    """Measure a page in a process of its own: a browser is left behind by none."""
    done = run([sys.executable, "-m", "benchmarks.page_speed", page], folder=Path(__file__).parents[2], core=None)
    held = msgspec.json.decode(done.stdout)
    if held["gaps"]:
        raise RuntimeError(f"{held['gaps']} frames showed a gap where a cell belongs")
    return {name: value for name, value in held.items() if isinstance(value, float)}
