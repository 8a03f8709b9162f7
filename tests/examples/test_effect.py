"""The example shows what it is there to show, on the real embedded model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.model
@pytest.mark.slow
def test_the_monkey_king_talks_as_told_and_the_controls_do_not(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "persona_batch", "run", "personas/wukong.yaml", "-n", "1"]
    params = ["--param", "seed=1", "--param", "max_tokens=24"]
    chosen = [part for question in ("who", "fear", "rain", "mistake") for part in ("--question", question)]
    done = subprocess.run(
        [*command, *params, *chosen, "--out", str(tmp_path)],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        encoding="utf-8",
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    run = Path(done.stdout.splitlines()[-1])
    lines = (run / "records.jsonl").read_text(encoding="utf-8").splitlines()
    replies: dict[str, list[str]] = {}
    for record in map(json.loads, lines):
        replies.setdefault(record["persona"], []).append(record["reply"])
    assert {persona: len(texts) for persona, texts in replies.items()} == {"none": 4, "assistant": 4, "wukong": 4}
    # nearly all of them do; two leave room for another build of the model's server
    assert sum("old sun" in text.lower() for text in replies["wukong"]) >= 2
    assert not any("old sun" in text.lower() for text in replies["none"] + replies["assistant"])
