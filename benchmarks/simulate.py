"""False-positive rates, interval coverage and power of `compare`, measured through its public function.

    python -m benchmarks.simulate                                  1,000 replicates a world: half an hour on two cores
    python -m benchmarks.simulate --replicates 100 --only change   a few worlds, in seconds
    python -m benchmarks.simulate --json

Each world's truth is known; a row is `ok` when its rate lies within Monte-Carlo error of what it should be: at most the
nominal level for tests on few distinct values, near the expected value for all others. Exits 1 if a row is not.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from benchmarks import simulate_claims, simulate_judges, simulate_level_lines, simulate_ratings
from benchmarks.simulate_rows import LEVEL, Aim, Row, rows
from persona_batch.comparing import Comparison, compare

SIGMAS = 3.3  # two-sided: one false alarm in a thousand rows


@dataclass(frozen=True, slots=True)
class Outcome:
    """The measured rate of a row, over the replicates in which it was estimable, and its Monte-Carlo error (1 sd)."""

    name: str
    rate: float | None
    error: float
    estimable: int
    replicates: int
    expected: float
    ok: bool


def measure(row: Row, replicates: int, seed: int) -> list[Outcome]:
    """Make the replicates of a world and read every aim off each comparison."""
    count = max(20, round(replicates * row.share))
    values: dict[str, list[float]] = {aim.name: [] for aim in row.aims}
    for number in range(count):
        records = row.make(np.random.default_rng([seed, number]))
        comparison = compare(
            records, measures=row.measures, permutations=row.permutations, seed=number, workers=1, **row.options
        )
        for aim in row.aims:
            value = aim.read(comparison)
            if value is not None:
                values[aim.name].append(value)
    return [_judge(aim, values[aim.name], count) for aim in row.aims]


def _outcomes(replicates: int, seed: int, only: Sequence[str]) -> Iterator[Outcome]:
    """Yield the outcomes of the rows whose names begin in one of these ways; none: of all."""

    def wanted(name: str) -> bool:
        return not only or any(name.startswith(text) for text in only)

    for row in (*rows(), *simulate_claims.rows(), *simulate_level_lines.rows()):
        if any(wanted(aim.name) for aim in row.aims):
            yield from measure(row, replicates, seed)
    for name, held, expected, tolerance, share in (
        *simulate_claims.watches(),
        *simulate_judges.judges(),
        *simulate_ratings.ratings(),
    ):
        if wanted(name):
            count = max(12, round(replicates * share))
            values = [held(np.random.default_rng([seed, number])) for number in range(count)]
            kind: Literal["near", "level"] = "level" if expected == LEVEL else "near"
            yield _judge(Aim(name, _unread, kind, expected, tolerance), values, count)


def _unread(_: Comparison) -> float | None:
    return None


def _judge(aim: Aim, values: Sequence[float], count: int) -> Outcome:
    if not values:
        return Outcome(aim.name, None, 0.0, 0, count, aim.expected, aim.kind == "never")
    rate = float(np.mean(values))
    error = float(np.sqrt(max(aim.expected * (1 - aim.expected), 0.0025) / len(values)))
    allowed = SIGMAS * error + aim.tolerance
    low_enough = rate - aim.expected <= allowed
    high_enough = aim.kind == "level" or aim.expected - rate <= allowed
    ok = aim.kind != "never" and low_enough and high_enough
    return Outcome(aim.name, rate, error, len(values), count, aim.expected, ok)


def _line(outcome: Outcome) -> str:
    rate = "not estimable" if outcome.rate is None else f"{outcome.rate:.3f}"
    error = "" if outcome.rate is None else f"{outcome.error:.3f}"
    verdict = "ok" if outcome.ok else "NOT OK"
    return f"| {outcome.name} | {rate} | {outcome.expected:.2f} | {error} | {outcome.replicates} | {verdict} |\n"


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20_261_122)
    parser.add_argument("--only", action="append", default=[], help="worlds with a row of this name (repeatable)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    outcomes = []
    if not options.json:
        sys.stdout.write("| world | rate | should be | ± | replicates | |\n|---|--:|--:|--:|--:|---|\n")
    for outcome in _outcomes(options.replicates, options.seed, options.only):
        outcomes.append(outcome)
        if not options.json:
            sys.stdout.write(_line(outcome))
            sys.stdout.flush()
    if options.json:
        sys.stdout.write(json.dumps([asdict(outcome) for outcome in outcomes], indent=2) + "\n")
    return 0 if all(outcome.ok for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
