"""TSV: as CSV, between tabs."""

from collections.abc import Iterator

from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.separated import separated


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the lines."""
    return separated(export, "\t")
