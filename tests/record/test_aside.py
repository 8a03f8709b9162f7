from pathlib import Path

from persona_batch.record.agreement import set_errors_aside
from persona_batch.record.reader import read_records, scan
from persona_batch.record.record import encode
from persona_batch.record.rundir import RunDir
from record.samples import make_record


def _run(path: Path, *statuses: str, tail: bytes = b"") -> RunDir:
    run = RunDir(path, path / "records.jsonl")
    lines = [
        encode(make_record(number, status="error" if status == "error" else "ok")) + b"\n"
        for number, status in enumerate(statuses)
    ]
    run.records.write_bytes(b"".join(lines) + tail)
    return run


def test_failed_records_move_and_the_others_stay(tmp_path: Path) -> None:
    run = _run(tmp_path, "ok", "error", "ok", "error")
    assert set_errors_aside(run) == 2
    assert [record.question for record in read_records(run.records)] == ["q0", "q2"]
    assert [record.question for record in read_records(run.errors)] == ["q1", "q3"]


def test_a_run_without_failures_is_not_touched(tmp_path: Path) -> None:
    run = _run(tmp_path, "ok")
    before = run.records.stat()
    assert set_errors_aside(run) == 0
    assert run.records.stat().st_ino == before.st_ino
    assert not run.errors.exists()
    assert set_errors_aside(RunDir(tmp_path, tmp_path / "none.jsonl")) == 0


def test_a_cell_that_fails_again_keeps_both_failures(tmp_path: Path) -> None:
    run = _run(tmp_path, "error")
    set_errors_aside(run)
    again = encode(make_record(0, status="error")).replace(b'"attempts":1', b'"attempts":9') + b"\n"
    run.records.write_bytes(again)
    assert set_errors_aside(run) == 1
    assert [record.attempts for record in read_records(run.errors)] == [1, 9]
    assert len(scan(run.records).keys) == 0


def test_a_process_killed_before_the_rename_doubles_nothing(tmp_path: Path) -> None:
    run = _run(tmp_path, "error", "ok")
    before = run.records.read_bytes()
    set_errors_aside(run)
    run.records.write_bytes(before)  # as if the rename had not happened, with a half-written file beside
    (tmp_path / ".records.jsonl.new").write_bytes(b"half")
    assert set_errors_aside(run) == 1
    assert len(list(read_records(run.errors))) == 1
    assert len(list(read_records(run.records))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors.jsonl", "records.jsonl"]


def test_torn_lines_of_both_files_survive(tmp_path: Path) -> None:
    run = _run(tmp_path, "error", "ok", tail=b'{"torn')
    run.errors.write_bytes(b'{"half')
    set_errors_aside(run)
    assert (tmp_path / "records.torn").read_bytes() == b'{"torn\n'
    assert [record.question for record in read_records(run.errors)] == ["q0"]
    assert (tmp_path / "errors.torn").read_bytes() == b'{"half\n'
