"""Rows of any table of results, one by one, however long it is: CSV, TSV, JSONL, JSON (a list of objects), Parquet."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from persona_batch.errors import UsageError
from persona_batch.exchange.results.reading import MAX_LINE, decoded, document, lines, shown

_LONGEST = 1 << 24  # characters of one cell
_BATCH = 1024  # rows of Parquet at a time
SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")

Row = dict[str, Any]


def rows_of(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a table, each with its place.

    Raises:
        UsageError: it is no such table, or a row is broken.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return _separated(path, "\t" if suffix == ".tsv" else ",")
    if suffix == ".parquet":
        return _parquet(path)
    return _list(path) if suffix == ".json" else _lines(path)


def _separated(path: Path, separator: str) -> Iterator[tuple[str, Row]]:
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(_texts(path), delimiter=separator, strict=True)
    name, columns, begun = shown(path), list[str](), 0
    try:
        for cells in reader:
            line, begun = begun + 1, reader.line_num
            if not cells:
                continue
            if not columns:
                columns = [cell.strip() for cell in cells]
                twice = next((cell for cell in columns if columns.count(cell) > 1), None)
                if twice is not None:
                    raise UsageError(f"{name}:1: two columns are called `{twice}`; rename one")
                continue
            if len(cells) != len(columns):
                raise UsageError(
                    f"{name}:{line}: {len(cells)} cells, expected {len(columns)}, as many as the head has; a cell that "
                    "holds a separator stands in quotes"
                )
            yield f"{name}:{line}", dict(zip(columns, cells, strict=True))
    except csv.Error as error:
        raise UsageError(
            f"{name}:{begun + 1}: {error}; a cell has at most {_LONGEST >> 20} million characters, and quotes stand in "
            "pairs"
        ) from error


def _texts(path: Path) -> Iterator[str]:
    """Yield the lines with their ends, empty ones too, as they may stand in a cell."""
    with path.open("rb", buffering=1 << 20) as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise UsageError(f"{shown(path)}:{number}: a line of more than {MAX_LINE >> 20} MB, which no reply is")
            try:
                yield (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).decode("utf-8")
            except UnicodeDecodeError as error:
                raise UsageError(f"{shown(path)}:{number}: not UTF-8; save the file as UTF-8") from error


def _lines(path: Path) -> Iterator[tuple[str, Row]]:
    for number, line in lines(path):
        place = f"{shown(path)}:{number}"
        yield place, decoded(line, Row, place, what="an object with the columns, as {…}")


def _list(path: Path) -> Iterator[tuple[str, Row]]:
    name = shown(path)
    data = document(path, "save it as JSONL, CSV or Parquet, which are read row by row")
    listed = decoded(data, list[msgspec.Raw], name, what="a list of objects with the columns, as [{…}, {…}]")
    for number, raw in enumerate(listed, start=1):
        yield f"{name}: entry {number}", decoded(raw, Row, f"{name}: entry {number}", what="an object")


def _parquet(path: Path) -> Iterator[tuple[str, Row]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise UsageError(
            f"{shown(path)}: Parquet needs pyarrow; `pip install 'persona-batch[parquet]'` brings it"
        ) from error
    number = 0
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{shown(path)}: row {number}", row
    except (ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        raise UsageError(f"{shown(path)}: not a whole Parquet file (after row {number}): {error}") from error
