"""The short form of `python -m benchmarks.simulate`: error rates, coverage and power, through the public function.

Two dozen replicates find a test that is wrong; one that is a little off is found by the long gate's thousand.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


GROUPS = (
    ("sign-flip by question", "change", "drift", "power of", "95% interval", "20 personas"),
    ("yes/no", "the claim", "length", "tokens", "any question", "more questions", "share of"),
    (
        "20 questions",
        "--by",
        "accuracy",
        "identifiability",
        "distinctive",
        "watch: a step",
        "watch: drift",
        "told apart",
        "judge",
        "people",
    ),
)


@pytest.mark.parametrize("only", GROUPS)
def test_rates_lie_within_monte_carlo_error_of_what_they_should_be(only: tuple[str, ...]) -> None:
    words = [f"--only={name}" for name in only]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.simulate", "--replicates", "24", "--json", *words],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},  # twice as long
        capture_output=True,
        encoding="utf-8",
    )
    outcomes = json.loads(done.stdout)
    assert outcomes, done.stderr
    assert [outcome for outcome in outcomes if not outcome["ok"]] == []
    assert done.returncode == 0
