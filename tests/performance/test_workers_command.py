"""`batch run --workers`, as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from persona_batch.record import Record
from persona_batch.record.reader import read_records
from servers.act import Act, Script, error_body
from servers.faulty import serving

PERSONAS = [{"id": f"p{number}", "system": f"You are number {number}."} for number in range(3)]
QUESTIONS = ["你好", "What do you do?", "Why?"]


def run(folder: Path, base_url: str, *options: str) -> tuple[int, list[Record], str]:
    (folder / "cast.yaml").write_text(
        json.dumps({"controls": [], "questions": QUESTIONS, "personas": PERSONAS}), encoding="utf-8"
    )
    command = [sys.executable, "-m", "persona_batch", "run", "cast.yaml", "--base-url", base_url, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    lines = done.stdout.splitlines()
    return done.returncode, list(read_records(folder / lines[-1] / "records.jsonl")) if lines else [], done.stderr


def test_workers_leave_the_same_records(tmp_path: Path) -> None:
    with serving(Script(default=Act(chunks=3))) as server:
        answered = []
        for workers in ("1", "2"):
            code, records, _ = run(tmp_path, server.base_url, "--workers", workers)
            assert code == 0
            answered.append({record.key: (record.reply, record.status, record.usage) for record in records})
    assert len(answered[0]) == len(PERSONAS) * len(QUESTIONS)
    assert answered[0] == answered[1]


def test_one_limit_holds_for_all_workers(tmp_path: Path) -> None:
    with serving(Script(default=Act(latency=0.01))) as server:
        code, records, _ = run(tmp_path, server.base_url, "--workers", "2", "-j", "3", "--max-requests", "5")
        assert code == 3
        assert (len(records), len(server.chats), server.most_in_flight <= 3) == (5, 5, True)


@pytest.mark.parametrize("workers", ["0", "-1", "many"])
def test_a_number_of_workers_that_is_none_is_refused(workers: str, tmp_path: Path) -> None:
    code, records, said = run(tmp_path, "http://127.0.0.1:9/v1", "--workers", workers)
    assert (code, records) == (2, [])
    assert "--workers" in said


def test_a_refused_key_is_one_line_with_workers_too(tmp_path: Path) -> None:
    refusal = Act(status=401, body=error_body("Incorrect API key provided", code="invalid_api_key"))
    with serving(Script(default=refusal)) as server:
        code, records, said = run(tmp_path, server.base_url, "--workers", "2", "--no-progress")
    assert (code, records) == (2, [])
    assert "Traceback" not in said
