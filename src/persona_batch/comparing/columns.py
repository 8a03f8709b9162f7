"""Columns of a corpus that records name themselves: the grid's own factors."""

from collections.abc import Sequence
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
    """Add a column for each of the grid's own factors; the level "": it was not sent.

    Where another run has it as a plain parameter, that is its level.
    """
    held, params = (
        [msgspec.json.decode(text, type=dict[str, Any]) for text in names[column]] for column in ("factors", "params")
    )
    factors = tuple(sorted({name for one in held for name in one}))
    for factor in factors:
        said, plain = ([level_text(one.get(factor)) for one in source] for source in (held, params))
        values = sorted({*said, *plain}, key=_as_number)
        place = {level: number for number, level in enumerate(values)}
        as_factor = np.array([place[level] for level in said], dtype=np.int64)[columns["factors"]]
        as_param = np.array([place[level] for level in plain], dtype=np.int64)[columns["params"]]
        missing = np.array([factor not in one for one in held], dtype=np.bool_)[columns["factors"]]
        column = np.where(missing, as_param, as_factor)
        held_now = np.unique(column)
        names[column_of(factor)] = [values[place] for place in held_now]
        columns[column_of(factor)] = np.searchsorted(held_now, column)
    return factors


def numbered(columns: Sequence[Column]) -> Column:
    """Number the different rows of a table, given by its columns, from 0."""
    order = np.lexsort(columns)
    new = np.any([np.diff(column[order]) != 0 for column in columns], axis=0)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.concatenate([[0], np.cumsum(new)])
    return found


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
