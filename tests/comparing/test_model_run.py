"""A fresh run of the embedded model: the pirate differs from the control beyond noise, the placebo does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_on_a_fresh_run_the_pirate_differs_and_the_placebo_does_not(tmp_path: Path) -> None:
    def batch(*args: str) -> str:
        command = [sys.executable, "-m", "persona_batch", *args, "--out", str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=350)
        assert done.returncode == 0, done.stderr
        return done.stdout

    chosen = [part for question in ("food", "hobbies", "sleep", "dream") for part in ("--question", question)]
    batch("run", "personas/pirate.yaml", "-n", "3", "--param", "max_tokens=24", *chosen)
    told = json.loads(batch("compare", "--format", "json", "--measures", "change,told_apart"))
    (claim,) = told["claims"]
    assert claim["holds"]
    assert claim["p_control"] <= 0.001
    apart = {row["arm"]: row["value"] for row in told["estimates"] if row["metric"] == "pairs told right"}
    found = {row["arm"]: row for row in told["estimates"] if (row["measure"], row["reference"]) == ("change", "none")}
    assert apart["pirate"] > 0.75
    # sampled anew each time: a placebo's p is below .001 once in a thousand runs
    assert found["assistant"]["p"] > 0.001
    assert found["assistant"]["value"] < found["pirate"]["value"] / 2
