"""Parquet, by pyarrow (the extra `parquet`): row groups are written as they fill."""

from pathlib import Path

from persona_batch.exchange.exports.arrow import batches, schema_of
from persona_batch.exchange.exports.export import Export


def write(export: Export, path: Path) -> None:
    """Write the rows.

    Raises:
        ImportError: pyarrow is not there.
        OSError: the file cannot be written.
    """
    from pyarrow.parquet import ParquetWriter

    with ParquetWriter(path, schema_of(export.columns), compression="zstd") as writer:
        for batch in batches(export):
            writer.write_batch(batch)
