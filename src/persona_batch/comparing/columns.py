"""Columns of a corpus that records name themselves: the grid's own factors."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from persona_batch.chat import JsonValue
from persona_batch.plan.forms import TOLD
from persona_batch.record import Record

Column = NDArray[np.int64]

encode_sorted = msgspec.json.Encoder(order="sorted").encode


def column_of(factor: str) -> str:
    """Return the name of the column of one of the grid's own factors."""
    return f"factor {factor}"


def speaker_of(record: Record) -> str:
    """Return who the user was and how that was told, as one level; "": nobody in particular."""
    told = record.factors.get(TOLD)
    return f"{record.speaker or ''} · {told}" if told is not None else record.speaker or ""


def by_name(columns: dict[str, Column], names: dict[str, list[str]]) -> tuple[str, ...]:
    """Add a column for each of the grid's own factors; a record without it has the level "": it was not sent."""
    held = [msgspec.json.decode(text, type=dict[str, Any]) for text in names["factors"]]
    factors = tuple(sorted({name for one in held for name in one}))
    for factor in factors:
        said = [one.get(factor) for one in held]
        values = sorted(dict.fromkeys(map(level_text, said)), key=_as_number)
        lookup = np.array([values.index(level_text(value)) for value in said], dtype=np.int64)
        names[column_of(factor)] = values
        columns[column_of(factor)] = lookup[columns["factors"]]
    return factors


def level_text(level: JsonValue) -> str:
    """Return a level of a factor as text; "": the parameter is not sent."""
    if level is None:
        return ""
    return level if isinstance(level, str) else encode_sorted(level).decode()


def _as_number(text: str) -> tuple[bool, float, str]:
    """Order numbers by their size, before all other texts; what is not sent comes first."""
    try:
        return text != "", float(text) if text else 0.0, text
    except ValueError:
        return True, np.inf, text
