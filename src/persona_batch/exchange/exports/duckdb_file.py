"""A DuckDB database (the extra `duckdb`): the rows as one table, `records`, whose columns say what they hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from persona_batch.exchange.exports.arrow import batches, schema_of
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.sql import quoted

_LIMIT = "64MB"  # enough for any number of replies of a usual length
_ROW_GROUP = 8192  # rows; DuckDB's own 122,880 take as much more memory
_CASTS = {"json": "JSON", "time": "TIMESTAMP"}


def write(export: Export, path: Path) -> None:
    """Write the table; moments are in UTC, messages lists of structs, and JSON is JSON.

    DuckDB holds 2,048 values of a column at once, however long: where that is more than the limit, there is none.

    Raises:
        ImportError: duckdb or pyarrow is not there.
        OSError: the file cannot be written.
        MemoryError: there is not enough memory.
    """
    import duckdb

    ours: list[BaseException] = []
    try:
        try:
            _fill(export, path, _LIMIT, ours)
        except (duckdb.OutOfMemoryException, duckdb.TransactionException, duckdb.FatalException):
            path.unlink(missing_ok=True)
            _fill(export, path, None, ours)
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error
    except duckdb.Error as error:
        for mine in ours:  # Ctrl-C, or a line that is no record, comes back as an error of DuckDB's
            raise mine from None
        raise (OSError(None, str(error)) if isinstance(error, duckdb.IOException) else error) from None


def _fill(export: Export, path: Path, limit: str | None, ours: list[BaseException]) -> None:
    import duckdb
    from pyarrow import RecordBatchReader

    typed = [
        f"{quoted(one.name)}::{_CASTS[one.kind]} AS {quoted(one.name)}"
        for one in export.columns
        if one.kind in _CASTS and one.name != "messages"
    ]
    incoming = RecordBatchReader.from_batches(schema_of(export.columns, None), _noting(batches(export, None), ours))
    with duckdb.connect(config={"threads": 1, **({} if limit is None else {"memory_limit": limit})}) as database:
        database.execute(f"SET temp_directory = {_text(str(path.with_suffix('.spilled')))}")
        database.execute(f"ATTACH {_text(str(path))} AS made (ROW_GROUP_SIZE {_ROW_GROUP})")
        database.register("incoming", incoming)
        database.execute(f"CREATE TABLE made.records AS SELECT * REPLACE ({', '.join(typed)}) FROM incoming")  # noqa: S608
        database.unregister("incoming")
        for column in export.columns:
            database.execute(f"COMMENT ON COLUMN made.records.{quoted(column.name)} IS {_text(column.about)}")
        database.execute("DETACH made")


def _noting(found: Iterator[Any], ours: list[BaseException]) -> Iterator[Any]:
    """Yield the batches; what goes wrong in making one is noted."""
    try:
        yield from found
    except BaseException as error:
        ours.append(error)
        raise


def _text(value: str) -> str:
    """Return a text as SQL has it."""
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
