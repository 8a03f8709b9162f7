"""Mutated files and streams, for as long as you like:

    PYTHONPATH=tests python -m fuzz --minutes 60
    PYTHONPATH=tests python -m fuzz --minutes 5 --target stream --seed 7
    PYTHONPATH=tests python -m fuzz --corpus FOLDER     # further real files to import, mutated

Each failing input is kept in a folder of its own, beside its seed and the traceback. Exit code 1 if there is any.
"""

import argparse
import sys
import time
from pathlib import Path

from fuzz.running import fuzz
from fuzz.targets import targets


def main() -> int:
    """Run the targets in turns; tell how many cases were tried, and every failure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=1.0, help="for all targets together")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--target", action="append", help="only this one (repeatable)")
    options.add_argument(
        "--corpus", action="append", default=[], type=Path, help="folder of further files (repeatable)"
    )
    options.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="where failing inputs go")
    chosen = options.parse_args()
    known = targets(chosen.corpus)
    if unknown := set(chosen.target or ()) - {target.name for target in known}:
        options.error(f"no target {', '.join(unknown)}: {', '.join(target.name for target in known)}")
    wanted = [target for target in known if not chosen.target or target.name in chosen.target]
    until, failed = time.monotonic() + chosen.minutes * 60, 0
    for number, target in enumerate(wanted):
        seconds = (until - time.monotonic()) / (len(wanted) - number)
        outcome = fuzz(target, seconds, chosen.seed, chosen.keep)
        failed += len(outcome.failures)
        for line in outcome.failures:
            print(f"  {target.name}: {line}", flush=True)  # noqa: T201
        print(  # noqa: T201 - the result
            f"{target.name}: {outcome.cases:,} cases, {outcome.well:,} of them well, {len(outcome.failures)} failures, "
            f"the slowest {outcome.slowest[0]:.1f} s (number {outcome.slowest[1]})",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
