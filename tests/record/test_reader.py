import tempfile
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.record.reader import read_records, scan
from persona_batch.record.record import encode
from record.samples import key_of, make_record

TIMES = {"started_at", "chunks"}


def _write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path


def _line(number: int) -> bytes:
    return encode(make_record(number)) + b"\n"


def test_scan_counts_what_is_there(tmp_path: Path) -> None:
    failed = encode(make_record(2, status="error")) + b"\n"
    found = scan(_write(tmp_path / "r.jsonl", _line(0), _line(1), failed))
    assert len(found.keys) == 3
    assert key_of(2) in found.keys
    assert found.counts == {"ok": 2, "error": 1}
    assert (found.prompt_tokens, found.completion_tokens) == (40, 60)


def test_a_missing_file_has_no_keys(tmp_path: Path) -> None:
    assert len(scan(tmp_path / "none.jsonl").keys) == 0


def test_a_torn_last_line_is_passed_over_even_if_it_is_a_whole_record(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.jsonl", _line(0), _line(1)[:-1])
    assert list(read_records(path)) == [make_record(0)]
    assert len(scan(path).keys) == 1


@pytest.mark.parametrize("damage", [b"\n", b"\0\0\0\n", b"{}\n", b'{"key": "12", "status": "ok"}\n', b"\xff\xfe\n"])
def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path, damage: bytes) -> None:
    path = _write(tmp_path / "r.jsonl", _line(0), damage, _line(1))
    with pytest.raises(UsageError, match=r"r\.jsonl:2: not a record"):
        scan(path)
    with pytest.raises(UsageError, match=r"r\.jsonl:2: not a record"):
        list(read_records(path))


NEEDED = {"key", "persona", "question", "status"}
fields = st.sampled_from(sorted({field.name for field in msgspec.structs.fields(Record)} - NEEDED))


@given(
    missing=st.sets(fields), version=st.sampled_from([None, 0, 1, 7]), timing=st.sets(st.sampled_from(sorted(TIMES)))
)
def test_records_of_other_versions_are_read(missing: set[str], version: int | None, timing: set[str]) -> None:
    """Of an earlier one some fields are not there; a later one has more."""
    record = msgspec.to_builtins(make_record(0))
    line: dict[str, object] = {name: value for name, value in record.items() if name not in missing}
    line |= {"tone": {"warm": 1}, "timing": {name: 1 if name == "chunks" else "" for name in TIMES & timing}}
    line |= {} if version is None else {"schema_version": version}
    with tempfile.TemporaryDirectory() as folder:
        path = _write(Path(folder) / "r.jsonl", msgspec.json.encode(line) + b"\n")
        assert len(scan(path).keys) == 1
        (read,) = read_records(path)
    for name in record.keys() - missing - {"schema_version", "timing"}:
        assert msgspec.to_builtins(getattr(read, name)) == record[name]


def test_what_no_reader_could_read_is_found_before_anything_is_asked(tmp_path: Path) -> None:
    for name in NEEDED:
        line = {key: value for key, value in msgspec.to_builtins(make_record(0)).items() if key != name}
        with pytest.raises(UsageError, match=f"1: not a record .*`{name}`"):
            scan(_write(tmp_path / "r.jsonl", msgspec.json.encode(line) + b"\n"))


def test_a_key_that_occurs_twice_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.jsonl", _line(0), _line(1), _line(0))
    with pytest.raises(UsageError, match=r"r\.jsonl:3: the key .* occurs twice"):
        scan(path)


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list(read_records(tmp_path / "none.jsonl"))


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    path = _write(tmp_path / "r.jsonl", _line(0).replace(b'{"schema_version":1,', b'{"schema_version":1,"new":[1],'))
    assert list(read_records(path)) == [make_record(0)]


@pytest.mark.parametrize("followed", [True, False], ids=["in the middle", "torn"])
def test_a_line_without_end_is_not_taken_into_memory(followed: bool, tmp_path: Path) -> None:
    path = _write(tmp_path / "r.jsonl", _line(0))
    with path.open("r+b") as file:
        file.truncate(3 << 28)  # 768 MB that take no room on the disk
        if followed:
            file.seek(0, 2)
            file.write(b"\n" + _line(1))
    tracemalloc.start()
    try:
        if followed:
            with pytest.raises(UsageError, match=r"r\.jsonl:2: a line of more than 256 MB"):
                scan(path)
        else:
            assert list(read_records(path)) == [make_record(0)]
            assert len(scan(path).keys) == 1
        assert tracemalloc.get_traced_memory()[1] < 600 << 20
    finally:
        tracemalloc.stop()
