"""Moments of the flat table, as libraries with a type for them take them."""

from contextlib import suppress
from datetime import UTC, datetime

from persona_batch.exchange.columns import Value


def moment_of(value: Value) -> datetime | None:
    """Return a moment in UTC; None: there is none, or another hand wrote what is no ISO 8601."""
    with suppress(ValueError, OverflowError):
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    return None
