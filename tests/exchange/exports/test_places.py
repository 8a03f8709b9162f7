"""Where `batch export -o` writes: what an ending stands for, standard output by its name, and pipes."""

import os
import threading
from pathlib import Path

import pytest

from cli.calling import Call
from cli.conftest import call
from exchange.results.test_tables import imported, rows, table

__all__ = ["call"]


@pytest.fixture
def run(call: Call, tmp_path: Path) -> str:
    return str(imported(call, table(tmp_path, rows()))[0])


@pytest.mark.parametrize("name", ["x.xlsx", "x.json", "x.csv.gz"])
def test_an_unknown_ending_is_refused_unless_a_format_is_named(call: Call, run: str, tmp_path: Path, name: str) -> None:
    done = call("export", run, "-o", name)
    assert done.code == 2
    assert "no format has the ending" in done.err
    assert ".parquet" in done.err
    assert not (tmp_path / name).exists()
    done = call("export", run, "-o", name, "-f", "csv")
    assert done.code == 0
    assert ("this is csv, whatever the ending says" in done.err) == (name == "x.xlsx")
    assert (tmp_path / name).read_bytes().startswith(b"run_id,")


def test_standard_output_by_its_name_is_standard_output(call: Call, run: str) -> None:
    assert call("export", run, "-o", "/dev/stdout").out == call("export", run, "-o", "-").out
    assert "is no text" in call("export", run, "-o", "/dev/stdout", "-f", "sqlite").err


def test_a_pipe_is_written_into(call: Call, run: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    done = call("export", run, "-o", "pipe")
    reader.join(timeout=20)
    assert done.code == 0
    assert read[0].startswith(b"run_id,")
    assert pipe.is_fifo()
