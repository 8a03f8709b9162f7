"""Conversations killed by SIGKILL at any moment and resumed are those of an uninterrupted run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from persona_batch.record import Record
from persona_batch.record.reader import read_records
from servers.act import Act, Script
from servers.faulty import serving

BATCH = {
    "controls": ["none"],
    "questions": [
        *({"id": f"q{n}", "turns": [f"{n}?", "And then?", "And at last?"], "probe": "Who are you?"} for n in range(6)),
        {"id": "talk", "text": "Ahoy!", "with": "teacher", "rounds": 3, "probe": {"text": "Name?", "after": [3]}},
    ],
    "personas": [
        {"id": "cat", "system": "Meow."},
        {"id": "teacher", "system": "Teach.", "questions": []},
    ],
    "run": {"concurrency": 4, "samples": 2},
}


@pytest.mark.slow
def test_killed_and_resumed_conversations_are_whole_and_the_same(tmp_path: Path) -> None:
    batch = tmp_path / "batch.yaml"
    batch.write_text(json.dumps(BATCH), encoding="utf-8")
    environment = {**os.environ, "PERSONA_BATCH_STATE": str(tmp_path / "state")}
    command = [sys.executable, "-m", "persona_batch", "run", str(batch), "--quiet", "--continue"]
    with serving(Script(default=Act(chunks=2, pause=0.002))) as server:
        to = ["--base-url", server.base_url, "--out", str(tmp_path / "killed")]
        for kills in range(1, 6):
            process = subprocess.Popen([*command, *to], env=environment, stdout=subprocess.DEVNULL)
            while process.poll() is None and len(server.chats) < 30 * kills:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run([*command, *to], env=environment, check=True, stdout=subprocess.DEVNULL)
        whole = [*command, *to[:-1], str(tmp_path / "whole")]
        subprocess.run(whole, env=environment, check=True, stdout=subprocess.DEVNULL)
    killed, uninterrupted = (said(tmp_path / name) for name in ("killed", "whole"))
    assert len(killed) == 2 * 7 * 2
    assert killed == uninterrupted


def said(out: Path) -> dict[str, object]:
    (run,) = out.glob("2*")
    records: list[Record] = list(read_records(run / "records.jsonl"))
    assert len({record.key for record in records}) == len(records)
    return {
        record.key: (
            record.messages,
            [(turn.user, turn.reply) for turn in record.turns or ()],
            [(probe.after, probe.text, probe.reply) for probe in record.probes or ()],
        )
        for record in records
    }
