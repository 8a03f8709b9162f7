"""The short form of `python -m benchmarks.simulate`: error rates, coverage and power, through the public function."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "only",
    ["sign-flip by question", "sign-flip, copied", "change", "drift", "power of", "95% interval holds the truth, 10"],
)
def test_rates_lie_within_monte_carlo_error_of_what_they_should_be(only: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.simulate", "--replicates", "60", "--json", "--only", only],
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
    )
    outcomes = json.loads(done.stdout)
    assert outcomes, done.stderr
    assert [outcome for outcome in outcomes if not outcome["ok"]] == []
    assert done.returncode == 0
