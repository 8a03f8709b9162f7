"""Arms, and runs, of which one was streamed and the other came in batch files are told."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from comparing.made import grid
from persona_batch.comparing import Comparison, compare, compare_runs
from persona_batch.record import Record
from persona_batch.verdict.translation import language_of

ARMS = {"none": "", "pirate": "Arrr, matey!", "nurse": "How do you feel today?"}


def batched(records: list[Record], which: Callable[[Record], bool] = lambda _: True) -> list[Record]:
    return [replace(record, engine="batch") if which(record) else record for record in records]


def told(result: Comparison) -> list[str]:
    return [note for note in result.notes if "Not made the same way" in note]


def one_run(records: list[Record]) -> list[str]:
    return told(compare(records, measures=["shift"], permutations=99))


@pytest.mark.parametrize("records", [grid(ARMS), batched(grid(ARMS))])
def test_replies_that_all_came_one_way_say_nothing(records: list[Record]) -> None:
    assert one_run(records) == []
    assert told(compare_runs(records, records, measures=["shift"])) == []


def test_an_arm_in_batch_files_beside_a_streamed_control_is_told() -> None:
    (note,) = one_run(batched(grid(ARMS), lambda record: record.persona == "pirate"))
    assert note.startswith("Not made the same way as none (streamed): pirate (in batch files). ")


def test_a_control_of_both_kinds_is_told_for_every_arm() -> None:
    (note,) = one_run(batched(grid(ARMS), lambda record: record.persona == "none" and record.sample == 0))
    assert " of " in note.partition(":")[0]
    assert "pirate (streamed)" in note
    assert "nurse (streamed)" in note


def test_only_replies_that_are_compared_count() -> None:
    failed = [
        replace(record, engine="batch", status="error", reply="") if record.sample == 0 else record
        for record in grid(ARMS)
    ]
    assert one_run(failed) == []


def test_of_two_runs_one_sentence_is_said_however_many_personas_they_have() -> None:
    after = [replace(record, run_id="later") for record in batched(grid(ARMS))]
    (note,) = told(compare_runs(grid(ARMS), after, measures=["shift"]))
    assert note.startswith("Not made the same way as run (streamed): later (in batch files). ")


def test_it_is_said_in_chinese() -> None:
    (note,) = one_run(batched(grid(ARMS), lambda record: record.persona == "pirate"))
    said = language_of("zh", {}).again(note)
    assert said.startswith("与 none（流式）的回复方式不同：pirate（来自批量文件）。")
