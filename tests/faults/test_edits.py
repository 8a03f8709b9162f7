"""The short form of `faults.edits`: edits, filters, budgets and kills, and what a run is at the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_run_ends_as_a_fresh_run_of_the_last_batch_whatever_was_edited_filtered_and_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "faults.edits", "--examples", "25"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, "26 histories\n"), done.stderr
