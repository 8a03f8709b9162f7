"""Measure everything side by side and write RESULTS.md and the plot.

    python -m benchmarks [--only SECTION ...] [--quick] [--write] [--tools DIR] [--kept FILE]

Needs a C compiler; the comparison with other tools needs a network, npm and a few minutes for their installation.
Everything runs in one process tree on loopback: the mock endpoint on the first core, what is measured on the second.
"""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.bench import Bench
from benchmarks.endpoint import build, serve
from benchmarks.machine import compile_everything
from benchmarks.plot import draw
from benchmarks.report import write_results
from benchmarks.result import Bar, Section, markdown

SECTIONS = (
    "throughput",
    "ttft",
    "peers",
    "startup",
    "memory",
    "workers",
    "pool",
    "ray",
    "first_request",
    "resume",
    "sink",
    "compare",
    "report",
)


def main() -> int:
    """Run the chosen sections; 1 when a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure batch against its peers.")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="SECTION")
    parser.add_argument("--quick", action="store_true", help="a first impression: once, and with less work")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md and the plot, as a whole run does")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="take up an interrupted run; made if missing")
    parser.add_argument("--tools", type=Path, metavar="DIR", help="keep the other tools here, for the next time")
    options = parser.parse_args()
    whole = set(options.only) == set(SECTIONS) and not options.quick
    compile_everything()
    sections = read_kept(options.kept)
    taken_up = bool(sections)
    with tempfile.TemporaryDirectory(prefix="batch-benchmarks-") as scratch:
        tools = (options.tools or Path(scratch) / "tools").resolve()
        tools.mkdir(parents=True, exist_ok=True)
        with serve(build(Path(scratch))) as endpoint:
            for name in options.only:
                if any(section.name == name for section in sections):
                    continue
                started = time.perf_counter()
                module = importlib.import_module(f"benchmarks.sections.{name}")
                section = module.measure(Bench(endpoint, Path(scratch), options.quick, tools))
                sections.append(section)
                if options.kept is not None:
                    options.kept.write_bytes(msgspec.json.encode(sections))
                show(section, time.perf_counter() - started)
        if whole or options.write:
            write_results(sections, SECTIONS, takes=taken_up)
            draw(sections, tools)
    bars = [bar for section in sections for bar in section.bars]
    print(markdown([Bar.HEAD, *(bar.row() for bar in bars)]))
    return 0 if all(bar.reaches(bar.limit) for bar in bars) else 1


def read_kept(path: Path | None) -> list[Section]:
    """Return the sections that an interrupted run has measured."""
    if path is None or not path.exists():
        return []
    return msgspec.json.decode(path.read_bytes(), type=list[Section])


def show(section: Section, seconds: float) -> None:
    """Print a section as soon as it is measured."""
    print(f"\n## {section.title} ({seconds:.0f} s)\n\n{markdown(section.rows)}\n")
    for bar in section.bars:
        print(f"{bar.what}: {bar.measured} {bar.unit} — {bar.verdict}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
