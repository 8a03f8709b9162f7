"""JSON (a list of objects) and JSONL (an object a line): rows that name their columns themselves."""

from array import array
from collections.abc import Iterable, Iterator

import msgspec

from persona_batch.tables.table import Look, Row, Table, TableFlaw

_decode = msgspec.json.Decoder(dict[str, object]).decode
_AN_OBJECT = "expected an object with the columns, as {…}"


def read_json_lines(data: bytes, look: Look) -> Table:
    """Return a table of JSONL; empty lines are passed over.

    Raises:
        TableFlaw: a line is no JSON object, or names a column twice.
    """
    starts, lines = array("q"), array("q")
    columns: dict[str, None] = {}
    start = line = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        line += 1
        if not data[start:end].isspace():
            row = _object(data[start:end], line)
            columns |= dict.fromkeys(row)
            starts.append(start)
            lines.append(line)
            look(row, line)
        start = end
    starts.append(len(data))
    if not len(lines):
        raise TableFlaw("the table is empty", 1)
    return Table(list(columns), data, starts, lines, _decode)


def read_json(data: bytes, look: Look) -> Table:
    """Return a table of a JSON list of objects; the place of a row is the line on which its object begins.

    Raises:
        TableFlaw: it is no list of objects, or empty.
    """
    try:
        rows = msgspec.json.decode(data, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        raise TableFlaw("expected a list of objects, as [{…}, {…}]", 1) from error
    except msgspec.DecodeError as error:
        raise TableFlaw(f"not JSON: {error}", 1) from error
    except RecursionError as error:
        raise TableFlaw("nested too deeply", 1) from error
    return _packed(_placed(data, rows), look)


def _placed(data: bytes, rows: Iterable[msgspec.Raw]) -> Iterator[tuple[Row, bytes, int]]:
    """Yield the objects, each with its text and its line."""
    at, line = 0, 1
    for raw in rows:
        text = bytes(raw)
        begins = data.index(text, at)
        line += data.count(b"\n", at, begins)
        yield _object(text, line), text, line
        at = begins + len(text)
        line += text.count(b"\n")


def packed_rows(rows: Iterable[Row], look: Look) -> Table:
    """Return rows of any source as a table; their places are their numbers."""
    return _packed(((row, msgspec.json.encode(row), number) for number, row in enumerate(rows, start=1)), look)


def _packed(rows: Iterable[tuple[Row, bytes, int]], look: Look) -> Table:
    data, starts, lines = bytearray(), array("q"), array("q")
    columns: dict[str, None] = {}
    for row, text, line in rows:
        columns |= dict.fromkeys(row)
        starts.append(len(data))
        lines.append(line)
        data += text
        look(row, line)
    starts.append(len(data))
    if not len(lines):
        raise TableFlaw("the table is empty", 1)
    return Table(list(columns), bytes(data), starts, lines, _decode)


def _object(text: bytes, line: int) -> Row:
    try:
        row = _decode(text)
    except msgspec.ValidationError as error:
        raise TableFlaw(_AN_OBJECT, line) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TableFlaw(f"not JSON: {error}", line) from error
    except RecursionError as error:
        raise TableFlaw("nested too deeply", line) from error
    if text.count(b'":') > len(row) and _repeats(text):
        raise TableFlaw("a column stands here twice; keep one", line)
    return row


def _repeats(text: bytes) -> bool:
    """Whether an object names a column twice."""
    import json

    def check(entries: list[tuple[str, object]]) -> dict[str, object]:
        if len({name for name, _ in entries}) < len(entries):
            raise ValueError
        return dict(entries)

    try:
        json.loads(text, object_pairs_hook=check)
    except ValueError:
        return True
    except RecursionError:  # Python reads less deep than msgspec
        return False
    return False
