"""Rows of a foreign table, one at a time: CSV, TSV, JSONL, JSON lists and Parquet, bounded in every direction.

Cells are as they stand in the file. A table of our own has to be right to the byte; a foreign one may have another
separator, or a byte order mark.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.source import Source

Row = dict[str, JsonValue]

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
LISTS = (
    *("prompts", "personas", "questions", "characters", "roles", "conversations"),
    *("data", "items", "rows", "examples", "samples", "instances", "train"),
)
"""Keys under which a JSON object may hold the list that is the table; beside it stand only single values."""

_MAX_CELL = 16 * 1024 * 1024  # characters of a cell
_MAX_LINE = 32 * 1024 * 1024  # bytes
_MAX_COLUMNS = 1000
_SEPARATORS = (",", "\t", ";", "|")
_SAMPLE = 100
_ROWS_AT_ONCE = 256
_MAX_ROW = 8 * 1024 * 1024  # bytes of a Parquet row, as a mean of its group
_decode = msgspec.json.Decoder().decode


def rows_of(source: Source) -> Iterator[Row]:
    """Yield the rows of a table.

    Raises:
        UsageError: it is none, or broken; with the line.
    """
    return (row for _, row in placed_rows(source))


def placed_rows(source: Source) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a table, each with its place in messages.

    Raises:
        UsageError: it is none, or broken; with the line.
    """
    match source.suffix:
        case ".csv" | ".tsv":
            return _separated(source)
        case ".jsonl" | ".ndjson":
            return _json_lines(source)
        case ".parquet":
            return _parquet(source)
        case _:
            return _listed(source)


@lru_cache(maxsize=4)
def sample(source: Source) -> tuple[Row, ...]:
    """Return the first rows; none where it is no table, or a broken one."""
    if source.is_folder or source.suffix not in SUFFIXES or not _looks_like_text(source):
        return ()
    found: list[Row] = []
    try:
        found.extend(islice(rows_of(source), _SAMPLE))
    except UsageError:
        if source.suffix in (".json", ".parquet"):
            return ()
    return tuple(found)


def _looks_like_text(source: Source) -> bool:
    return source.suffix == ".parquet" or b"\0" not in source.head[:4096]


def listed_in(document: JsonValue) -> list[JsonValue] | None:
    """Return the list of objects that a JSON document is, or holds under a usual name; None: there is none."""
    if isinstance(document, dict):
        held = [name for name, value in document.items() if isinstance(value, list | dict)]
        document = document[held[0]] if len(held) == 1 and held[0] in LISTS else None
    if not isinstance(document, list) or not document:
        return None
    return document if all(isinstance(item, dict) for item in document) else None


def beside_list(source: Source) -> Row:
    """Return what a JSON object says beside the list that is its table."""
    document = source.json_or_none
    if not isinstance(document, dict):
        return {}
    return {name: value for name, value in document.items() if not isinstance(value, list | dict)}


def _listed(source: Source) -> Iterator[tuple[str, Row]]:
    found = listed_in(source.json)
    if found is None:
        entries = source.json if isinstance(source.json, list) else []
        wrong = next((number for number, entry in enumerate(entries, start=1) if not isinstance(entry, dict)), None)
        entry = "" if wrong is None else f"entry {wrong} is no object; "
        raise source.wrong(f"{entry}expected a list of objects, as [{{…}}, {{…}}]")
    for number, row in enumerate(found, start=1):
        yield f"{source.shown}: entry {number}", row


def _lines(source: Source) -> Iterator[str]:
    """Yield the lines with their ends; a carriage return alone ends none."""
    number = 0
    try:
        with source.path.open("rb", buffering=1 << 20) as file:
            while line := file.readline(_MAX_LINE + 1):
                number += 1
                if len(line) > _MAX_LINE:
                    raise source.wrong(f"a line of more than {_MAX_LINE >> 20} MB", number)
                if number == 1:
                    if line[:2] in (b"\xff\xfe", b"\xfe\xff"):
                        raise source.wrong("UTF-16; save it as UTF-8", 1)
                    line = line.removeprefix(b"\xef\xbb\xbf")
                yield line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise source.wrong("not UTF-8; save it as UTF-8", number) from error
    except OSError as error:
        raise source.wrong(f"cannot be read ({error.strerror})") from error


def _separated(source: Source) -> Iterator[tuple[str, Row]]:
    lines = _lines(source)
    first = next(lines, None)
    if first is None:
        raise source.wrong("the table is empty; its first line names the columns", 1)
    if "\0" in first:
        raise source.wrong("a NUL character; the file is not text, or was damaged", 1)
    separator = "\t" if source.suffix == ".tsv" else max(_SEPARATORS, key=lambda sign: (first.count(sign), sign == ","))
    begun = 0

    def all_lines() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(all_lines(), delimiter=separator, strict=True)
    columns: list[str] = []
    while True:
        line = begun + 1
        try:
            cells = _next_row(reader)
        except csv.Error as error:
            raise source.wrong(_told(error), line) from error
        if cells is None:
            return
        begun = reader.line_num
        if not cells:
            continue
        if not columns:
            columns = _head(cells, source)
            continue
        if len(cells) != len(columns):
            raise source.wrong(f"{len(cells)} cells, expected {len(columns)}, as many as the head has", line)
        yield f"{source.shown}:{line}", dict(zip(columns, cells, strict=True))


def _told(error: csv.Error) -> str:
    if "larger than field limit" in str(error):
        return f"a cell has more than {_MAX_CELL:,} characters"
    return f"{error}; put a cell with quotes or line ends into quotes"


def _next_row(reader: Any) -> list[str] | None:
    """Return the next row; the limit of a cell is the whole process's, so it is set for this moment only."""
    before = csv.field_size_limit(_MAX_CELL)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)


def _head(cells: Sequence[str], source: Source) -> list[str]:
    columns = [cell.strip() for cell in cells]
    if "" in columns:
        raise source.wrong(f"column {columns.index('') + 1} has no name; the first line names all columns", 1)
    if len(set(columns)) < len(columns):
        twice = next(name for number, name in enumerate(columns) if name in columns[:number])
        raise source.wrong(f"two columns are called `{twice}`", 1)
    if len(columns) > _MAX_COLUMNS:
        raise source.wrong(f"more than {_MAX_COLUMNS} columns", 1)
    return columns


def _json_lines(source: Source) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(_lines(source), start=1):
        if line.isspace():
            continue
        try:
            row = _decode(line)
        except RecursionError as error:
            raise source.wrong("nested too deeply", number) from error
        except msgspec.DecodeError as error:
            row = _with_constants(line)
            if row is None:
                raise source.wrong(f"not JSON: {error}", number) from error
        if not isinstance(row, dict):
            raise source.wrong("expected an object, as {…}", number)
        yield f"{source.shown}:{number}", row


def _with_constants(line: str) -> JsonValue:
    """Return a line with what Python writes of numbers that JSON has not as null; None: that is not what is wrong."""
    if not any(name in line for name in ("NaN", "Infinity")):
        return None
    try:
        return json.loads(line, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _parquet(source: Source) -> Iterator[tuple[str, Row]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise source.wrong("Parquet needs pyarrow; `pip install 'persona-batch[parquet]'` brings it") from error
    try:
        with source.path.open("rb") as file:
            table = ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
            number = 0
            for group in range(table.metadata.num_row_groups):
                for row in _group(table, group, source):
                    number += 1
                    yield f"{source.shown}: row {number}", row
    except (ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise source.wrong(f"not a Parquet file, or a broken one ({reason})") from error


def _group(table: Any, group: int, source: Source) -> Iterator[Row]:
    meta = table.metadata.row_group(group)
    mean = meta.total_byte_size // max(1, meta.num_rows)
    if mean > _MAX_ROW:
        raise source.wrong(f"its rows have {mean >> 20} MB in the mean, more than {_MAX_ROW >> 20}")
    at_once = max(1, min(_ROWS_AT_ONCE, _MAX_ROW // max(1, mean)))
    for batch in table.iter_batches(at_once, row_groups=[group], use_threads=False):
        for number in range(batch.num_rows):
            yield {name: _plain(batch.column(place)[number].as_py()) for place, name in enumerate(batch.schema.names)}


def _plain(value: Any) -> JsonValue:
    """Return a cell as JSON has it: dates become ISO text, bytes are left out."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, bytes):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
