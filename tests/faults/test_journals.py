"""The short form of `faults.journals`: a journal of another kind of entry, settled, killed and taken up again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faults.journals import Judgment, judgments
from persona_batch.errors import UsageError
from persona_batch.plan.key import KeySet
from record.samples import key_of

TESTS = Path(__file__).parents[1]


def test_what_belongs_is_there_once_whatever_was_edited_and_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "faults.journals", "--examples", "200"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_errors_call_an_entry_by_its_name(tmp_path: Path) -> None:
    journal = judgments(tmp_path / "judgments.jsonl")
    line = b'{"key":"%b","score":1,"rubric":"role"}\n' % key_of(0).encode()
    journal.path.write_bytes(line + line + b"{}\n")
    with pytest.raises(UsageError, match=r"jsonl:2: the key .* occurs twice"):
        list(journal.scan(Judgment, KeySet()))
    with pytest.raises(UsageError, match=r"jsonl:3: not a judgment .* remove the line, and its reply is judged again"):
        list(journal.read())
