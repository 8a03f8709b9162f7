"""CSV and TSV: a head of column names, then rows of as many cells (RFC 4180; tabs for `.tsv`).

A cell is the text between its quotes to the byte: line ends, white space and empty text as they stand; nothing is read
as a number or as nothing.
"""

import csv
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO

from persona_batch.tables.table import Look, Row, Table, TableFlaw

_LONGEST = 1 << 24  # characters of one cell
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def read_separated(data: bytes, look: Look, separator: str) -> Table:
    """Return a table; `data` is the file without a byte order mark, `look` is shown each row.

    Raises:
        TableFlaw: it is not UTF-8, has no head, a row has more or fewer cells than the head, or its quotes are wrong.
    """
    with _long_cells():
        return _read(data, look, separator)


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let cells be long; the limit is the process's, and is afterwards as its owner wants it."""
    before = csv.field_size_limit(_LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _read(data: bytes, look: Look, separator: str) -> Table:
    ends = array("q", [0])
    reader = csv.reader(_lines(data, ends), delimiter=separator, strict=True)
    starts, lines = array("q"), array("q")
    columns: list[str] = []
    begun = 0  # lines before this row
    try:
        for cells in reader:
            line, begun = begun + 1, reader.line_num
            if not cells:
                continue  # an empty line
            if not columns:
                columns = _head(cells, line, separator)
                continue
            if len(cells) != len(columns):
                raise TableFlaw(_ragged(len(cells), len(columns), separator), line, min(len(cells), len(columns)) + 1)
            starts.append(ends[line - 1])
            lines.append(line)
            look(dict(zip(columns, cells, strict=True)), line)
    except csv.Error as error:
        remedy = "put a cell with quotes or line ends into quotes, and write quotes inside of it twice"
        raise TableFlaw(f"{error}; {remedy}", begun + 1) from error
    except UnicodeDecodeError as error:
        raise TableFlaw("not UTF-8; save the file as UTF-8", len(ends) - 1) from error
    if not columns:
        raise TableFlaw("the table is empty; its first line names the columns", 1)
    starts.append(len(data))
    return Table(columns, data, starts, lines, partial(_row, columns=columns, separator=separator))


def _lines(data: bytes, ends: "array[int]") -> Iterator[str]:
    """Yield the lines with their ends, and note where each ends."""
    end = 0
    for line in BytesIO(data):
        end += len(line)
        ends.append(end)
        yield line.decode("utf-8")


def _row(data: bytes, columns: list[str], separator: str) -> Row:
    lines = data.decode("utf-8").split("\n")
    with _long_cells():
        cells = next(csv.reader([f"{line}\n" for line in lines[:-1]] + lines[-1:], delimiter=separator))
    return dict(zip(columns, cells, strict=True))


def _head(cells: list[str], line: int, separator: str) -> list[str]:
    for number, name in enumerate(cells, start=1):
        if not name.strip():
            raise TableFlaw(f"column {number} has no name; the first line names all columns", line, number)
        if name != name.strip():
            raise TableFlaw(f"white space around the name of column {number}, {name!r}; take it away", line, number)
        if (first := cells.index(name) + 1) != number:
            raise TableFlaw(f"columns {first} and {number} are both called `{name}`; rename one", line, number)
    if len(cells) == 1:
        for other, called in _NAMES.items():
            if other != separator and other in cells[0]:
                wanted = "tabs" if separator == "\t" else "commas"
                told = f"there is one column, and its name holds a {called}"
                raise TableFlaw(f"{told}; save the table with {wanted} between its cells", line, 1)
    return cells


def _ragged(found: int, expected: int, separator: str) -> str:
    told = f"{found} cells, expected {expected}, as many as the head has"
    return f"{told}; a cell that holds a {_NAMES[separator]} stands in quotes" if found > expected else told
