"""The rows as Arrow batches, by pyarrow; messages are lists of structs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persona_batch.exchange.columns import Column, Entry
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.moment import moment_of

_ROWS = 2048  # of a batch
_CHARACTERS = 8 << 20  # of a batch's prompts and replies; texts may be long


def schema_of(columns: tuple[Column, ...], zone: str | None = "UTC") -> Any:
    """Return the schema; a field says under `comment` what it holds. Moments are in UTC, `zone` says whether so."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "real": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("ms", tz=zone),
    }
    message = pa.struct([("role", pa.string()), ("content", pa.string()), ("name", pa.string())])
    return pa.schema(
        [
            pa.field(
                column.name,
                pa.list_(message) if column.name == "messages" else kinds[column.kind],
                metadata={"comment": column.about},
            )
            for column in columns
        ]
    )


def batches(export: Export, zone: str | None = "UTC") -> Iterator[Any]:
    """Yield record batches of a bounded size, of the same schema."""
    import pyarrow as pa

    schema, columns = schema_of(export.columns, zone), export.columns
    makers = [_messages if column.name == "messages" else column.of for column in columns]
    times = [place for place, column in enumerate(columns) if column.kind == "time"]
    rows: list[list[Any]] = []
    size = 0

    def packed() -> Any:
        arrays = [
            pa.array(values, type=field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        return pa.record_batch(arrays, schema=schema)

    for entry in export.entries():
        row = [make(entry) for make in makers]
        for place in times:
            row[place] = moment_of(row[place])
        rows.append(row)
        size += len(entry.record.reply) + sum(len(message.content) for message in entry.record.messages)
        if len(rows) >= _ROWS or size > _CHARACTERS:
            yield packed()
            rows.clear()
            size = 0
    if rows:
        yield packed()


def _messages(entry: Entry) -> Any:
    return [{"role": one.role, "content": one.content, "name": one.name} for one in entry.record.messages]
