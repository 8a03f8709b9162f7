"""Sheets to rate, and ratings taken over: blind, spread over questions, whole or not at all."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from persona_batch.cli.rate import rate as rate_command
from persona_batch.errors import UsageError
from persona_batch.pipeline.rating import rate, sheet
from persona_batch.record.rating import read_ratings
from persona_batch.record.record import encode
from persona_batch.record.rundir import RunDir

from comparing.made import record  # isort: skip


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    records = [
        record(persona, f"q{question}", f"={persona} {question} {sample}", sample=sample)
        for persona in ("none", "cat")
        for question in range(8)
        for sample in range(3)
    ]
    folder = tmp_path / "run"
    folder.mkdir()
    path = folder / "records.jsonl"
    path.write_bytes(b"".join(encode(one) + b"\n" for one in records))
    return RunDir(folder, path)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_sheet_is_blind_harmless_and_has_both_sides_of_each_question(run: RunDir) -> None:
    text, count = sheet(run, 10)
    found = rows(text)
    assert len(found) == count == 10
    assert set(found[0]) == {"key", "question", "reply", "rater", "score"}
    assert all(row["reply"].startswith("'=") for row in found)
    assert Counter(row["question"] for row in found) == Counter(dict.fromkeys({row["question"] for row in found}, 2))
    assert sheet(run, 10) == (text, count)
    assert sheet(run, 10, seed=1)[0] != text
    assert sheet(run, 1000)[1] == 48


def test_ratings_are_taken_over_and_a_later_word_replaces_the_earlier(run: RunDir, tmp_path: Path) -> None:
    found = rows(sheet(run, 4)[0])
    table = tmp_path / "rated.csv"

    def rated(score: str) -> None:
        lines = ["key,rater,score", f"{found[0]['key']},mei,{score}", f"{found[1]['key']},mei,"]
        table.write_text("\n".join(lines) + "\n", encoding="utf-8")

    rated("2")
    done = rate(run, table)
    assert (done.new, done.replaced, done.blank) == (1, 0, 1)
    rated("3")
    assert (rate(run, table).new, rate(run, table).replaced) == (0, 0)
    assert [(one.rater, one.score) for one in read_ratings(run.path)] == [("mei", 3.0)]
    choices = tmp_path / "choices.jsonl"
    choices.write_text(
        json.dumps({"key": found[0]["key"], "other_key": found[1]["key"], "rater": "li", "choice": "tie"}) + "\n",
        encoding="utf-8",
    )
    assert rate(run, choices).new == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kex,rater,score\n1,mei,2\n", "there is no column `key`"),
        ("key,rater,score\nnowhere,mei,2\n", "1 rating of records that"),
        ("key,rater,score\nKEY,mei,two\n", r"rated.csv:2: the score `two` is no number"),
        ("key,score\nKEY,2\n", r"rated.csv:2: who rated this\?"),
        ("key,rater,score\nKEY,mei,2\nKEY,mei,3\n", "rated.csv:3: mei rated this in line 2 already"),
        ("key,rater,score\nKEY,mei,nan\n", r"rated.csv:2: the score `nan` is no number"),
        ("key,other_key,rater,choice\nKEY,KEY,mei,a\n", "a pair has two replies"),
        ("key,rater,choice\nKEY,mei,a\n", "a choice is `a`, `b` or `tie`"),
        ("key,rater,score\nKEY,mei\n", "rated.csv:2: 2 cells, expected 3"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_taken_over(run: RunDir, tmp_path: Path, text: str, told: str) -> None:
    table = tmp_path / "rated.csv"
    table.write_text(text.replace("KEY", rows(sheet(run, 1)[0])[0]["key"]), encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        rate(run, table)
    assert list(read_ratings(run.path)) == []


def test_the_rubric_is_that_of_the_row_or_of_the_call(run: RunDir, tmp_path: Path) -> None:
    keys = [row["key"] for row in rows(sheet(run, 4)[0])]
    table = tmp_path / "rated.csv"
    lines = ["key,rater,score,rubric", f"{keys[0]},mei,2,trait", f"{keys[1]},mei,2,"]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rate(run, table, rubric="role")
    assert sorted(one.rubric for one in read_ratings(run.path)) == ["role", "trait"]


def test_a_sheet_that_is_there_is_left_alone(run: RunDir, tmp_path: Path) -> None:
    there = tmp_path / "sheet.csv"
    there.write_text("key,rater,score\n", encoding="utf-8")
    with pytest.raises(UsageError, match="is there already, and may hold ratings"):
        rate_command(str(run.path), sample=4, out=str(there))
    assert there.read_text(encoding="utf-8") == "key,rater,score\n"
