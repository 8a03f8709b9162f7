from pathlib import Path

import pytest

from persona_batch.errors import RunLocked
from persona_batch.plan.key import KeySet
from persona_batch.record import Record
from persona_batch.record.actor_journals import SIGN, clear, left_behind, lock_of, take_over, tell_elsewhere
from persona_batch.record.journal import Sink
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir, run_at
from record.samples import make_record


def write(path: Path, records: list[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with Sink(path, keys=KeySet()) as sink:
        for record in records:
            sink.append(record)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return run_at(tmp_path)


def test_what_actors_left_comes_once_into_the_records_and_their_journals_go(run: RunDir) -> None:
    write(run.records, [make_record(0), make_record(1)])
    write(run.actors / "a.jsonl", [make_record(1), make_record(2)])
    write(run.actors / "b.jsonl", [make_record(2), make_record(3)])
    (run.actors / SIGN).write_text("mine", encoding="utf-8")
    told: list[str] = []
    assert take_over(run, told.append) == 2
    assert list(read_records(run.records)) == [make_record(number) for number in range(4)]
    assert told == ["2 records taken over from actors of a call that was interrupted"]
    assert not run.actors.exists()
    assert take_over(run, told.append) == 0
    assert len(told) == 1


def test_a_line_that_a_dying_actor_cut_off_is_no_record(run: RunDir) -> None:
    write(run.actors / "a.jsonl", [make_record(0)])
    with (run.actors / "a.jsonl").open("ab") as file:
        file.write(b'{"key": "00')
    assert take_over(run, lambda _: None) == 1
    assert list(read_records(run.records)) == [make_record(0)]


def test_the_journal_of_an_actor_that_lives_is_left_alone(run: RunDir) -> None:
    journal = run.actors / "a.jsonl"
    write(journal, [make_record(0)])
    with lock_of(journal), pytest.raises(RunLocked, match="an actor is still at work"), left_behind(journal, 0.0):
        pass
    assert journal.exists()


def test_what_lies_on_other_machines_is_told_of(run: RunDir) -> None:
    run.actors.mkdir()
    tell_elsewhere(run, "node-7")
    tell_elsewhere(run, "node-7")
    told: list[str] = []
    assert take_over(run, told.append) == 0
    (line,) = told
    assert "actors on node-7 did not see this folder" in line
    clear(run.actors)
    assert not run.actors.exists()
