from pathlib import Path

from persona_batch.record.record import encode
from persona_batch.record.standing import StandingRecords
from reporting.runs import crew, write_run


def test_what_is_added_after_the_opening_is_not_read(tmp_path: Path) -> None:
    records = crew(questions=2)
    path = write_run(tmp_path, records[:5]) / "records.jsonl"
    with path.open("ab") as file, StandingRecords(path) as standing:
        file.write(encode(records[5]) + b"\n")
        file.flush()
        assert list(standing.records()) == records[:5]
        file.write(encode(records[6]) + b"\n")
        file.flush()
        again = list(standing.read())
        assert [one for _, one in again] == records[:5]
        assert [standing.at(place) for place, _ in again] == records[:5]


def test_a_line_that_was_being_written_at_the_opening_is_none_when_it_is_whole(tmp_path: Path) -> None:
    records = crew(questions=2)
    path = write_run(tmp_path, records[:5]) / "records.jsonl"
    line = encode(records[5]) + b"\n"
    with path.open("ab") as file:
        file.write(line[:40])
        file.flush()
        with StandingRecords(path) as standing:
            file.write(line[40:])
            file.flush()
            assert list(standing.records()) == records[:5]
