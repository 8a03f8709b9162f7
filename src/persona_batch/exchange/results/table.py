"""Any table of replies: the columns are known by their usual names, or named by the user (`--column reply=text`).

A table with a column of prompts says what stood before the questions; one that only names its conditions does not, and
is taken at its word.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from persona_batch.chat import Message
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.rows import SUFFIXES, Row, placed_rows
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.results.found import (
    PARAMS,
    FoundReply,
    Notes,
    Wanted,
    failure,
    said_messages,
    split_chat,
    status_of,
    usage_of,
)
from persona_batch.exchange.results.reading import decoded, shown
from persona_batch.record import Timing
from persona_batch.wording import listed, meant

FIELDS: Mapping[str, Sequence[str]] = {
    "reply": ("reply", "response", "output", "completion", "generation", "prediction", "model_output", "output_text"),
    "question": ("question", "prompt", "input", "query", "question_text", "user_message", "user", "input_text"),
    "messages": ("messages",),
    "system": ("system", "system_prompt", "system_message"),
    "persona": ("persona", "condition", "arm", "treatment", "role", "character"),
    "question_id": ("question_id", "qid"),
    "model": ("model", "model_name", "model_id"),
    "sample": ("sample", "repeat", "repetition", "replicate", "epoch", "trial", "iteration"),
    "error": ("error", "error_message"),
    "finish_reason": ("finish_reason", "stop_reason"),
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens"),
    "latency_ms": ("latency_ms",),
    "request_id": ("request_id", "response_id"),
    **{name: (name,) for name in sorted(PARAMS)},
}
"""What a column may be, each with the names it is known by."""


def matches(suffix: str, head: bytes) -> bool:  # noqa: ARG001  # a table may begin with anything
    """Whether a file may be a table."""
    return suffix in SUFFIXES


def read(path: Path, wanted: Wanted, notes: Notes) -> Iterator[FoundReply]:
    """Yield the replies of a table.

    Raises:
        UsageError: it is broken, or a column that is needed cannot be told.
    """
    columns: dict[str, str] = {}
    known: set[str] = set()
    for place, row in placed_rows(Source(path, shown(path))):
        if not row.keys() <= known:  # rows of JSON may bring columns along
            known |= row.keys()
            columns = _columns(known, wanted.columns, shown(path))
            unused = sorted(known - set(columns.values()))
        yield from _reply(row, columns, place, notes)
    if not known:
        raise UsageError(f"{shown(path)}: there is no row in it")
    if unused:
        notes.add(f"columns that are left out: {listed(unused, 12)}")


def _columns(names: set[str], given: Mapping[str, str], file: str) -> dict[str, str]:
    """Return the column of each field.

    Raises:
        UsageError: a column that is named is not there, one is needed, or two may be meant.
    """
    plain = {name.strip().casefold().replace(" ", "_").replace("-", "_"): name for name in sorted(names)}
    found: dict[str, str] = {}
    for field, column in given.items():
        if field not in FIELDS:
            raise UsageError(f"--column {field}={column}: no such field; {meant(field, FIELDS)}")
        if column not in names:
            raise UsageError(f"--column {field}={column}: {file} has no such column; {meant(column, sorted(names))}")
        found[field] = column
    for field, usual in FIELDS.items():
        there = [plain[name] for name in usual if name in plain and plain[name] not in found.values()]
        if field in found or not there:
            continue
        if len(there) > 1:
            raise UsageError(
                f"{file}: {listed(there)} may each be the {field}; say which by --column {field}={there[0]}"
                + (f" --column {'system' if field == 'question' else 'persona'}={there[1]}" if len(there) == 2 else "")
            )
        found[field] = there[0]
    for field, instead in (("reply", ()), ("question", ("messages",))):
        if field not in found and not any(other in found for other in instead):
            raise UsageError(
                f"{file}: no column is known as the {field} ({listed(FIELDS[field], 8)}); it has "
                f"{listed(sorted(names), 12)}: name one by --column {field}=COLUMN"
            )
    if "messages" in found and "messages" not in given and "question" in found:
        found.pop("question")
    return found


def _reply(row: Row, columns: Mapping[str, str], place: str, notes: Notes) -> Iterator[FoundReply]:
    cells = {field: row.get(column) for field, column in columns.items()}
    label = _text(cells.get("persona"), "persona", columns, place)
    chat = _chat(cells, columns, place, notes)
    if chat is None:
        notes.add("{n} {row|rows} whose messages are more than text: left out", place)
        return
    opening, text = chat
    known = "messages" in columns or "system" in columns
    reply = _text(cells.get("reply"), "reply", columns, place)
    error = _text(cells.get("error"), "error", columns, place)
    if not reply and not error and cells.get("reply") is None:
        notes.add("{n} {row|rows} without a reply: left out", place)
        return
    finish = _text(cells.get("finish_reason"), "finish_reason", columns, place) or None
    failed = bool(error) and not reply
    tokens = [_number(cells.get(name), name, place) for name in ("prompt_tokens", "completion_tokens")]
    latency = _number(cells.get("latency_ms"), "latency_ms", place)
    sample = _number(cells.get("sample"), "sample", place)
    if sample is not None and sample != int(sample):
        raise UsageError(f"{place}: the {columns['sample']} {sample:g} is no whole number")
    yield FoundReply(
        place=place,
        opening=opening,
        text=text,
        label=label or None,
        named=bool(label),
        known=known,
        identity=_text(cells.get("question_id"), "question_id", columns, place) or None,
        fixed=True,
        model=_text(cells.get("model"), "model", columns, place),
        params={name: value for name in PARAMS & columns.keys() if (value := _param(cells[name])) is not None},
        sample=None if sample is None else int(sample),
        reply=reply,
        status="error" if failed else status_of(reply, finish),
        finish_reason=finish,
        error=failure(error, "") if failed else None,
        usage=usage_of(*(None if count is None else int(count) for count in tokens)),
        timing=None if latency is None else Timing(latency_ms=latency),
        request_id=_text(cells.get("request_id"), "request_id", columns, place) or None,
    )


def _chat(
    cells: Mapping[str, Any], columns: Mapping[str, str], place: str, notes: Notes
) -> tuple[list[Message], str] | None:
    if "messages" in columns:
        said = cells["messages"]
        if isinstance(said, str):
            said = decoded(said.encode(), list[dict[str, Any]], f"{place}: {columns['messages']}", what="messages")
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise UsageError(f"{place}: `{columns['messages']}` is no list of messages, as [{{role, content}}, …]")
        return split_chat(said_messages(said, notes, place))
    text = _text(cells.get("question"), "question", columns, place)
    if not text:
        raise UsageError(f"{place}: the question (`{columns['question']}`) is empty; take the row out")
    system = cells.get("system")
    if system is None or (system == "" and place.rpartition(":")[0].lower().endswith((".csv", ".tsv"))):
        return [], text  # an empty cell of CSV is nothing
    return [Message("system", _text(system, "system", columns, place))], text


def _text(value: object, field: str, columns: Mapping[str, str], place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{place}: `{columns[field]}` ({field}) is no text; name another by --column {field}=COLUMN")
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: object, name: str, place: str) -> float | None:
    if value in (None, ""):
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(
            f"{place}: the {name} `{str(value)[:40]}` is no number; leave the cell empty, or the column out"
        )
    return number


def _param(value: object) -> Any:
    """Return a request parameter: of text, the number that it is."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return value or None
    return number if math.isfinite(number) else None
