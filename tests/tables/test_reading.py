"""Every format gives back what was put in, to the byte, and knows where its rows stand."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.tables.reading import read_table
from persona_batch.tables.table import Row, TableFlaw

CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.lists(st.fixed_dictionaries({"id": CELL, "text": CELL, "说": CELL}), min_size=1, max_size=6)


def written(rows: list[dict[str, str]], suffix: str) -> bytes:
    """Return a table as a writer of its format writes it."""
    if suffix == ".jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if suffix == ".json":
        return json.dumps(rows, ensure_ascii=False, indent=1).encode()
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter="," if suffix == ".csv" else "\t", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def parquet(rows: list[dict[str, object]]) -> bytes:
    import pyarrow
    from pyarrow.parquet import write_table

    out = io.BytesIO()
    write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl"])
@given(rows=ROWS)
def test_what_was_written_is_read_in_order_and_at_random(suffix: str, rows: list[dict[str, str]]) -> None:
    seen: list[Row] = []
    table = read_table(written(rows, suffix), suffix, lambda row, _: seen.append(row))
    assert seen == rows
    assert list(table) == rows
    assert table[len(rows) - 1] == rows[-1]
    assert list(table.columns) == list(rows[0])


def test_parquet_has_its_types(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"id": "a", "n": 1, "tags": ["x", "y"]}, {"id": "b\n", "n": None, "tags": []}]
    assert list(read_table(parquet(rows), ".parquet")) == rows


def test_cells_are_text_as_it_stands() -> None:
    data = b'\xef\xbb\xbfid,text\r\n007,NA\r\n1e3," two\r\nlines "\r\n\r\nx,""\r\n'
    table = read_table(data, ".csv")
    assert list(table) == [
        {"id": "007", "text": "NA"},
        {"id": "1e3", "text": " two\r\nlines "},
        {"id": "x", "text": ""},
    ]
    assert list(table.lines) == [2, 3, 6]


def test_rows_of_json_know_their_lines() -> None:
    assert list(read_table(b'[\n {"id": "a"},\n\n {"id": "a",\n  "b": 1}\n]', ".json").lines) == [2, 4]
    assert list(read_table(b'{"id": "a"}\n\n{"id": "b"}', ".jsonl").lines) == [1, 3]


@pytest.mark.parametrize(
    ("suffix", "data", "line", "message"),
    [
        (".csv", b"", 1, "the table is empty"),
        (".csv", b"id,,b\n1,2,3\n", 1, "column 2 has no name"),
        (".csv", b"id,id\n1,2\n", 1, "columns 1 and 2 are both called `id`"),
        (".csv", b"id, text\n1,2\n", 1, "white space around the name of column 2"),
        (".csv", b"id;text\n1;2\n", 1, "its name holds a semicolon"),
        (".tsv", b"id,text\n1,2\n", 1, "its name holds a comma"),
        (".csv", b"id,text\n1,2\n1,2,3\n", 3, "3 cells, expected 2"),
        (".csv", b'id,text\n1,"a"b\n', 2, "put a cell with quotes"),
        (".csv", b"id,text\n1,\xff\n", 2, "not UTF-8"),
        (".csv", "id,text\n".encode("utf-16"), 1, "UTF-16"),
        (".jsonl", b'{"a": 1}\n{"a": 1, "a": 2}\n', 2, "a column stands here twice"),
        (".jsonl", b'{"a": 1}\n[1]\n', 2, "expected an object"),
        (".jsonl", b'{"a": 1}\n{"a"\n', 2, "not JSON"),
        (".jsonl", b"\n", 1, "the table is empty"),
        (".json", b'{"a": 1}', 1, "expected a list of objects"),
        (".json", b"[", 1, "not JSON"),
        (".json", b'[{"a": 1},\n 7]', 2, "expected an object"),
        (".json", b'[{"a": ' + b"[" * 100_000, 1, "not JSON|nested too deeply"),
        (".json", b'[{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]", 1, "nested too deeply"),
        (".jsonl", b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 1, "nested too deeply"),
        (".parquet", b"PAR1", 0, "not a Parquet file"),
        (".parquet", b"PAR1" + bytes(40) + b"\x0f\xff\x28\0\0\0PAR1", 0, "not a Parquet file"),
    ],
)
def test_a_table_that_is_wrong_says_where_and_why(suffix: str, data: bytes, line: int, message: str) -> None:
    with pytest.raises(TableFlaw, match=message) as caught:
        read_table(data, suffix)
    assert caught.value.line == line
