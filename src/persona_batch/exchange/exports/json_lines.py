"""The rows as JSON Lines: an object a row, with messages and the like as JSON, not as text that holds it."""

from collections.abc import Iterator

import msgspec

from persona_batch.exchange.exports.export import Export


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the lines."""
    names = [column.name for column in export.columns]
    held = {place for place, column in enumerate(export.columns) if column.kind == "json"}
    encode = msgspec.json.Encoder().encode
    for row in export.rows():
        values = [
            msgspec.Raw(value.encode()) if place in held and isinstance(value, str) else value
            for place, value in enumerate(row)
        ]
        yield encode(dict(zip(names, values, strict=True))) + b"\n"
