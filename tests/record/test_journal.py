import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch.errors import StorageError
from persona_batch.record.journal import DuplicateKey, Sink
from persona_batch.record.reader import read_records, scan
from persona_batch.record.record import encode
from record.samples import key_of, make_record


def test_a_record_can_be_read_as_soon_as_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with Sink(path) as sink:
        for number in range(3):
            sink.append(make_record(number))
            assert list(read_records(path)) == [make_record(seen) for seen in range(number + 1)]


def test_a_record_is_one_line_of_unescaped_utf8(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with Sink(path) as sink:
        sink.append(make_record(0, reply="俺老孙\n\u2028😀"))
    assert path.read_bytes() == encode(make_record(0, reply="俺老孙\n\u2028😀")) + b"\n"
    assert path.read_bytes().count(b"\n") == 1
    assert "俺老孙".encode() in path.read_bytes()


def test_a_second_record_of_a_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with Sink(path) as sink:
        sink.append(make_record(0))
        with pytest.raises(DuplicateKey):
            sink.append(make_record(0, status="error"))
    with Sink(path, keys=scan(path).keys) as sink, pytest.raises(DuplicateKey):
        sink.append(make_record(0))
    assert list(read_records(path)) == [make_record(0)]


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torn")


@settings(deadline=None)  # waits for the disk
@given(cut=st.integers(0, 10_000))
def test_a_file_cut_anywhere_is_repaired_and_nothing_of_it_lost(shared_folder: Path, cut: int) -> None:
    folder = shared_folder / "run"
    folder.mkdir(exist_ok=True)
    path, aside = folder / "records.jsonl", folder / "records.torn"
    aside.unlink(missing_ok=True)
    whole = b"".join(encode(make_record(number)) + b"\n" for number in range(4))
    cut %= len(whole) + 1
    path.write_bytes(whole[:cut])
    complete, torn = whole[:cut].count(b"\n"), cut - (whole.rfind(b"\n", 0, cut) + 1)

    before = scan(path)
    assert len(before.keys) == complete
    with Sink(path, keys=before.keys) as sink:
        assert (aside.stat().st_size if aside.exists() else 1) == torn + 1
        for number in range(4):
            if key_of(number) not in before.keys:
                sink.append(make_record(number))

    assert path.read_bytes() == whole
    assert (aside.read_bytes() if torn else b"\n") == whole[cut - torn : cut] + b"\n"


def test_a_long_torn_line_is_set_aside_whole(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    torn = b'{"reply": "' + b"x" * 300_000
    path.write_bytes(encode(make_record(0)) + b"\n" + torn)
    Sink(path).close()
    assert list(read_records(path)) == [make_record(0)]
    assert (tmp_path / "records.torn").read_bytes() == torn + b"\n"


def test_a_removed_folder_stops_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    sink = Sink(folder / "records.jsonl")
    sink.append(make_record(0))
    shutil.rmtree(folder)
    with pytest.raises(StorageError, match=r"records\.jsonl: was removed"):
        sink.append(make_record(1))
    sink.close()


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        Sink(tmp_path / "gone" / "records.jsonl")


def test_a_full_disk_stops_the_run_and_leaves_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    done = _run_under_limit(path, limit=5000)
    assert done.stdout.strip() == "StorageError: 3", done.stderr
    size = len(encode(make_record(100))) + 1
    assert path.stat().st_size == 5000 // size * size
    assert len(list(read_records(path))) == 5000 // size
    assert not (tmp_path / "records.torn").exists()


def test_a_read_only_file_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.touch(mode=0o444)
    try:
        path.open("ab").close()
    except PermissionError:
        with pytest.raises(StorageError, match="Permission denied"):
            Sink(path)
    else:
        pytest.skip("root may write any file")


def _run_under_limit(path: Path, *, limit: int) -> subprocess.CompletedProcess[str]:
    """Append records in a process whose files may not grow beyond `limit` bytes."""
    program = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from persona_batch.errors import StorageError
from persona_batch.record.journal import Sink
from record.samples import make_record
with Sink(Path({str(path)!r})) as sink:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
    try:
        for number in range(100, 1000):  # as many digits in each, so as many bytes
            sink.append(make_record(number))
    except StorageError as error:
        print(type(error).__name__ + ":", error.exit_code)
"""
    return subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=False)
