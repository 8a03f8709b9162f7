"""Parquet, by pyarrow: the extra `parquet`."""

from collections.abc import Iterator
from io import BytesIO

from persona_batch.loading import left_as_it_was
from persona_batch.tables.json_rows import packed_rows
from persona_batch.tables.table import Look, Row, Table, TableFlaw

_BATCH = 4096  # rows at a time


def read_parquet(data: bytes, look: Look) -> Table:
    """Return a table; dates and times become ISO 8601 text, bytes are refused.

    Raises:
        TableFlaw: it is no Parquet file, pyarrow is not installed, or a value has no text.
    """
    try:
        with left_as_it_was():
            from pyarrow import ArrowException
            from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise TableFlaw("Parquet needs pyarrow; `pip install 'persona-batch[parquet]'` brings it") from error

    def rows() -> Iterator[Row]:
        for batch in ParquetFile(BytesIO(data)).iter_batches(_BATCH):
            yield from batch.to_pylist()

    try:
        return packed_rows(_checked(rows()), look)
    except (ArrowException, OSError, UnicodeDecodeError) as error:  # what the file says of itself is wrong
        raise TableFlaw(f"not a Parquet file: {error}") from error


def _checked(rows: Iterator[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        for column, value in row.items():
            if isinstance(value, bytes):
                raise TableFlaw(f"column `{column}` holds bytes, expected text or numbers", number)
        yield row
