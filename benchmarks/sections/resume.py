"""Resuming a run of which a million cells are finished: time and memory until the first new request."""

import shutil
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cells import write_files
from benchmarks.measure import ROOT, Spread, run
from benchmarks.result import Bar, Section

PERSONAS, QUESTIONS, SAMPLES = 200, 1000, 5
MODEL = "mock-n1"


def measure(bench: Bench) -> Section:
    """Make a run of a few cells, fill its records up to all but those few, and resume it."""
    samples = 1 if bench.quick else SAMPLES
    cells = PERSONAS * QUESTIONS * samples
    section = Section("resume", "Resume", [["finished cells", "wall s", "µs a cell", "peak MB", "records file, MB"]])
    folder = bench.folder()
    cast, asked = write_files(folder, PERSONAS, QUESTIONS)
    arguments = [cast, "-q", asked, "--base-url", bench.endpoint.base_url, "-m", MODEL, "-n", samples, "--quiet"]
    bench.batch("run", *arguments, "-o", "runs", "--max-requests", 20, folder=folder, accept=(3,))
    (started,) = (path for path in (folder / "runs").iterdir() if path.is_dir() and not path.is_symlink())
    fill = [bench.python, "-m", "benchmarks.clients.fill_run", bench.endpoint.base_url, MODEL]
    run([*fill, cast, asked, str(samples), started / "records.jsonl", "20"], folder=ROOT)
    size = (started / "records.jsonl").stat().st_size / 1e6
    whole = copy_of(started / "records.jsonl")
    walls, peaks = [], []
    for _ in range(bench.times(3)):
        shutil.copyfile(whole, started / "records.jsonl")  # not through this process: its memory would count
        bench.endpoint.reset()
        one = bench.batch("run", *arguments, "-o", "runs", "--resume", started.name, folder=folder)
        if (asked_now := bench.endpoint.stats()["requests"]) != 20:
            raise RuntimeError(f"{asked_now} requests where 20 were left")
        walls.append(one.wall)
        peaks.append(one.peak)
    wall, peak = Spread.of(walls), Spread.of(peaks)
    section.rows.append([f"{cells:,}", f"{wall}", f"{wall.middle / cells * 1e6:.2f}", f"{peak}", f"{size:.0f}"])
    section.bars.append(Bar(f"resume over {cells:,} finished cells", wall, "s", 10.0 * cells / 1_000_000))
    section.bars.append(Bar("memory of it", peak, "MB", 200.0))
    section.remarks.append("The whole process: start, reading the records, skipping, twenty cells that were left.")
    return section


def copy_of(path: Path) -> Path:
    """Copy a file beside itself."""
    copy = path.with_name("records.copy")
    shutil.copyfile(path, copy)
    return copy
