"""Sheets to rate, and ratings taken over: blind, spread over questions, whole or not at all."""

import csv
import io
import json
import random
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch.cli.rate import rate as rate_command
from persona_batch.errors import UsageError
from persona_batch.pipeline.rating import rate, sheet, told
from persona_batch.record.rating import ratings_path, read_ratings
from persona_batch.record.record import encode
from persona_batch.record.rundir import RunDir

from comparing.made import record  # isort: skip


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return a_run(tmp_path)


def a_run(place: Path) -> RunDir:
    records = [
        record(persona, f"q{question}", f"={persona} {question} {sample}", sample=sample)
        for persona in ("none", "cat")
        for question in range(8)
        for sample in range(3)
    ]
    folder = place / "run"
    folder.mkdir()
    path = folder / "records.jsonl"
    path.write_bytes(b"".join(encode(one) + b"\n" for one in records))
    return RunDir(folder, path)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def key(persona: str, question: str, sample: int = 0) -> str:
    return record(persona, question, "", sample=sample).key


def choice(question: str, word: str, rater: str, *, turned: bool = False, **more: str) -> dict[str, str]:
    """Return a row of an export: the cat's reply and nobody's, or `turned` nobody's first."""
    keys = [key("cat", question), key("none", question)]
    if turned:
        word = {"a": "b", "b": "a", "tie": "tie"}[word]
        keys.reverse()
    return {"key": keys[0], "other_key": keys[1], "rater": rater, "choice": word, **more}


def exported(folder: Path, name: str, rows: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return path


def test_a_pair_the_other_way_round_is_the_same_pair(run: RunDir, tmp_path: Path) -> None:
    first = exported(tmp_path, "first.json", [choice("q0", "a", "mei"), choice("q0", "a", "mei", turned=True)])
    assert rate(run, first).new == 1
    again = rate(run, exported(tmp_path, "again.json", [choice("q0", "a", "mei", turned=True)]))
    assert (again.new, again.replaced, again.known) == (0, 0, 1)
    assert told(again, run) == ["0 ratings taken over, 0 replaced, 1 there already (mei 1)"]
    other = rate(run, exported(tmp_path, "other.json", [choice("q0", "b", "mei", turned=True)]))
    assert (other.new, other.replaced, other.known) == (0, 1, 0)
    assert [one.word for one in read_ratings(run.path)] == [key("none", "q0")]
    assert rate(run, exported(tmp_path, "li.json", [choice("q0", "b", "li")])).new == 1
    assert len(list(read_ratings(run.path))) == 2


def test_a_file_of_before_in_which_a_pair_stands_twice_counts_it_once(run: RunDir) -> None:
    rows = [choice("q0", "a", "mei"), choice("q0", "b", "mei", turned=True)]
    ratings_path(run.path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert [one.word for one in read_ratings(run.path)] == [key("none", "q0")]


WORDS = st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["mei", "li"]), st.sampled_from(["a", "b", "tie"])))


@settings(max_examples=30, deadline=None)
@given(words=WORDS, chance=st.randoms(use_true_random=False))
def test_neither_the_order_of_files_nor_who_stands_first_matters(
    words: list[tuple[int, str, str]], chance: random.Random
) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        run = a_run(folder)
        rows = [choice(f"q{q}", word, rater) for (q, rater), word in {(q, who): word for q, who, word in words}.items()]
        turned = [choice(row["key"].split("/")[-2], row["choice"], row["rater"], turned=True) for row in rows]
        plain = [exported(folder, f"{number}.json", [row]) for number, row in enumerate(rows)]
        mixed = [*plain, *(exported(folder, f"t{number}.json", [row]) for number, row in enumerate(turned))]
        chance.shuffle(mixed)
        for paths in (plain, mixed):
            ratings_path(run.path).unlink(missing_ok=True)
            if paths:
                rate(run, *paths)
            words_now = {one.of: one.word for one in read_ratings(run.path)}
            if paths is plain:
                before = words_now
        assert words_now == before


def test_ratings_of_another_run_are_left_to_it_and_said(run: RunDir, tmp_path: Path) -> None:
    both = [choice("q0", "a", "mei", run=run.id), choice("q1", "a", "mei", run="elsewhere")]
    done = rate(run, exported(tmp_path, "both.json", both))
    assert (done.new, dict(done.elsewhere)) == (1, {"elsewhere": 1})
    assert told(done, run)[1] == (
        "not of run, and left out: 1 rating of elsewhere (`batch rate elsewhere FILE` takes those over)"
    )
    with pytest.raises(UsageError, match=r"no rating is of .*: 1 rating of elsewhere"):
        rate(run, exported(tmp_path, "other.json", both[1:]))


def test_replies_of_a_run_beside_this_one_are_named_with_it(run: RunDir, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "records.jsonl").write_bytes(encode(record("dog", "q0", "Wuff.")) + b"\n")
    row = {"key": key("dog", "q0"), "rater": "mei", "score": 2}
    with pytest.raises(UsageError, match=r"1 rating of records that .*; beside has such: `batch rate beside FILE`"):
        rate(run, exported(tmp_path, "dog.json", [row]))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"ratings": []}, r"x\.json:1: expected a list of objects"),
        ([], r"x\.json:1: the table is empty"),
        ([["KEY", "a"]], r"x\.json:2: expected an object"),
        ([{"key": ["KEY"], "rater": "mei", "score": 1}], r"x\.json:2: `key` is neither a text nor a number"),
        ([{"key": "KEY", "rater": "mei", "score": True}], r"x\.json:2: `score` is neither a text nor a number"),
        ([{"key": "", "rater": "mei", "score": 1}], r"x\.json:2: of which reply"),
        ([{"key": "KEY", "other_key": "OTHER", "rater": "mei", "score": 1}], r"x\.json:2: a pair has a `choice`"),
        (
            [{"key": "KEY", "other_key": "OTHER", "rater": "mei", "score": 1, "choice": "a"}],
            r"x\.json:2: a reply has a score, a pair a choice; this row has both",
        ),
        ([choice("q0", "a", "mei"), choice("q0", "b", "mei")], r"x\.json:\d+: mei rated this otherwise in line 2"),
        (
            [{"key": key("cat", "q0"), "other_key": key("none", "q1"), "rater": "mei", "choice": "a"}],
            r"x\.json:2: replies to different questions \(q0, q1\) are no pair",
        ),
    ],
)
def test_an_export_that_is_none_is_told_with_its_place(run: RunDir, tmp_path: Path, rows: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        rate(run, exported(tmp_path, "x.json", rows))
    assert list(read_ratings(run.path)) == []


def test_a_sheet_is_blind_harmless_and_has_both_sides_of_each_question(run: RunDir) -> None:
    text, count = sheet(run, 10)
    found = rows(text)
    assert len(found) == count == 10
    assert set(found[0]) == {"run", "key", "question", "reply", "rater", "score"}
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
    choices.write_text(json.dumps(choice("q0", "tie", "li")) + "\n", encoding="utf-8")
    assert rate(run, choices).new == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kex,rater,score\n1,mei,2\n", "there is no column `key`"),
        ("key,rater,score\nnowhere,mei,2\n", "1 rating of records that"),
        ("key,rater,score\nKEY,mei,two\n", r"rated.csv:2: the score `two` is no number"),
        ("key,score\nKEY,2\n", r"rated.csv:2: who rated this\?"),
        ("key,rater,score\nKEY,mei,2\nKEY,mei,3\n", "rated.csv:3: mei rated this otherwise in line 2 already"),
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
