"""Two personas talk, on the real embedded model: each hears the other as the user, and the probe leaves no trace."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TALK = """\
params: {max_tokens: 16, temperature: 0.7, seed: 1}
controls: []
questions:
  - {id: day, text: "What shall we do today?", with: teacher, rounds: 6, probe: {text: "Who are you?", after: [6]}}
  - {id: sea, text: "Have you ever seen the sea?", with: teacher, rounds: 6}
personas:
  - {id: pirate, system: 'Talk like a pirate. Begin every answer with "Arrr, matey!" and mention your ship.'}
  - {id: teacher, system: You are a patient teacher. Answer in one sentence., questions: []}
"""


@pytest.mark.model
@pytest.mark.slow
def test_a_pirate_talks_with_a_teacher_for_six_rounds(tmp_path: Path) -> None:
    batch = tmp_path / "talk.yaml"
    batch.write_text(TALK, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "persona_batch", "run", str(batch), "--out", str(tmp_path / "runs")],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    run = Path(done.stdout.splitlines()[-1])
    records = [json.loads(line) for line in (run / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {record["question"] for record in records} == {"day", "sea"}
    for record in records:
        turns = record["turns"]
        assert len(turns) == 6
        assert [turn["partner"] and turn["partner"]["persona"] for turn in turns] == [None, *["teacher"] * 5]
        assert all(turn["reply"] and turn["user"] for turn in turns)
        said = [text for turn in turns for text in (turn["user"], turn["reply"])]
        assert [message["content"] for message in record["messages"]][1:] == said[:-1]
        assert record["reply"] == turns[-1]["reply"]
    assert sum(len(record["probes"] or ()) for record in records) == 1
    assert len({turn["reply"] for record in records for turn in record["turns"]}) > 6  # they do not stand still
