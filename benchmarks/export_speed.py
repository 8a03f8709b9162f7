"""How long `batch export` takes in each format, and how much memory beyond that of 100 records.

python -m benchmarks.export_speed                 200,000 records of some 2 KB
python -m benchmarks.export_speed --records 20000
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.compare_made import made_records
from persona_batch.exchange.exports.export import ExportOptions
from persona_batch.exchange.exports.formats import FORMATS, format_named
from persona_batch.pipeline.export import Wish, export_to_file
from persona_batch.record.record import Record, encode
from persona_batch.record.rundir import RunDir

_PERSONAS, _SAMPLES = 20, 5


def records(count: int) -> Iterator[Record]:
    """Yield so many records, each with a key of its own."""
    for number, record in enumerate(made_records(_PERSONAS - 2, -(-count // (_PERSONAS * _SAMPLES)), _SAMPLES)):
        if number == count:
            return
        yield record


def write(path: Path, count: int) -> None:
    """Write the records."""
    with path.open("wb") as file:
        for record in records(count):
            file.write(encode(record) + b"\n")


def measured(path: Path, form: str) -> None:
    """Export in this process and print seconds, the size of what was made and the peak memory, both in MB."""
    arms = ("none", "assistant") if form == "llm-comparator" else ()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        wish = Wish(format_named(form), Path(folder, "export"), options=ExportOptions(arms=arms))
        made, _ = export_to_file([RunDir(path.parent, path)], wish)
        seconds = time.perf_counter() - began
        size = sum(file.stat().st_size for file in [made, *made.rglob("*")] if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{seconds:.1f} {size / 1e6:.0f} {peak:.0f}\n")


def in_a_process(path: Path, form: str) -> list[str]:
    """Measure in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.export_speed", "--file", str(path), "--format", form]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--format", default="csv", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        measured(options.file, options.format)
        return
    sys.stdout.write(
        f"| {options.records:,} records as | s | MB written | peak MB | above 100 records |\n|---|--:|--:|--:|--:|\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.jsonl"), Path(folder, "large.jsonl")
        write(small, _PERSONAS * _SAMPLES)
        write(large, options.records)
        for form in FORMATS:
            least = float(in_a_process(small, form.name)[2])
            seconds, size, peak = in_a_process(large, form.name)
            sys.stdout.write(f"| {form.name} | {seconds} | {size} | {peak} | {float(peak) - least:.0f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
