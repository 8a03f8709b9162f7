"""How long `batch compare` takes, in how much memory, and where the time goes.

python -m benchmarks.compare_speed             24,000 replies, each measure alone and all together
python -m benchmarks.compare_speed --large     300,000 records as well: about ten minutes, most of it to write them
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.compare_made import made_records
from persona_batch.comparing import MEASURES, compare
from persona_batch.record.reader import read_records
from persona_batch.record.record import encode


def write(path: Path, personas: int, questions: int, samples: int) -> int:
    """Write made-up records beside two controls; return how many."""
    count = 0
    with path.open("wb") as file:
        for record in made_records(personas - 2, questions, samples):
            file.write(encode(record) + b"\n")
            count += 1
    return count


def measured(path: Path, measures: list[str] | None) -> None:
    """Compare in this process and print seconds of wall and of processor, and the peak memory in MB."""
    wall, cpu = time.perf_counter(), time.process_time()
    if measures is None or measures[0] != "reading":
        compare(read_records(path), measures=measures)
    else:
        compare(read_records(path), measures=[])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{time.perf_counter() - wall:.1f} {time.process_time() - cpu:.1f} {peak:.0f}\n")


def in_a_process(path: Path, measure: str) -> list[str]:
    """Measure in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.compare_speed", "--file", str(path), "--measure", measure]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", default="all", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        measured(options.file, None if options.measure == "all" else [options.measure])
        return
    sys.stdout.write("| records | measures | wall s | processor s | peak MB |\n|--:|---|--:|--:|--:|\n")
    sizes = [(20, 240, 5, ["all", "reading", *MEASURES])]
    if options.large:
        sizes.append((250, 240, 5, ["all"]))
    with tempfile.TemporaryDirectory() as folder:
        for personas, questions, samples, measures in sizes:
            path = Path(folder) / "records.jsonl"
            count = write(path, personas, questions, samples)
            for measure in measures:
                sys.stdout.write(f"| {count:,} | {measure} | " + " | ".join(in_a_process(path, measure)) + " |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
