"""CSV, by Python's own module: RFC 4180, with texts that no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Iterator
from typing import Literal

from persona_batch.exchange.columns import Value
from persona_batch.exchange.exports.export import Export
from persona_batch.tables.spreadsheet import harmless_cell

_BATCH = 64 * 1024  # characters that are collected


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the lines; nothing (None) is an empty field, as is an empty text."""
    return separated(export, ",")


def separated(export: Export, delimiter: Literal[",", "\t"]) -> Iterator[bytes]:
    """Yield the lines of a table between commas or tabs; both are quoted alike."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    if export.options.bom:
        out.write("\ufeff")
    cell = _plain if export.options.raw else _harmless
    writer.writerow([column.name for column in export.columns])
    for row in export.rows():
        writer.writerow([cell(value) for value in row])
        if out.tell() > _BATCH:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _harmless(value: Value) -> Value:
    return harmless_cell(value) if isinstance(value, str) else _plain(value)


def _plain(value: Value) -> Value:
    return ("false", "true")[value] if isinstance(value, bool) else value
