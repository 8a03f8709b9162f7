"""The shapes of promptfoo's files: what is read of them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from persona_batch.errors import UsageError

NOTHING = msgspec.Raw(b"null")


class Prompt(msgspec.Struct):
    """What was sent, and what the user calls it."""

    raw: Any = None
    label: str | None = None
    display: str | None = None


class Provider(msgspec.Struct):
    """Who was asked."""

    id: str | None = None
    label: str | None = None


class Case(msgspec.Struct, rename="camel"):
    """What a prompt was filled in with."""

    description: str | None = None
    vars: dict[str, Any] | None = None


class Result(msgspec.Struct, rename="camel"):
    """One reply."""

    prompt: Prompt | str
    id: str | None = None
    vars: dict[str, Any] | None = None
    provider: Provider | str | None = None
    prompt_idx: int | None = None
    test_case: Case | None = None
    response: dict[str, Any] | None = None
    error: str | None = None
    failure_reason: int | None = None
    grading_result: dict[str, Any] | None = None
    latency_ms: float | None = None
    success: bool | None = None


class Results(msgspec.Struct):
    """All of an evaluation; `table` is the older form."""

    results: list[msgspec.Raw] | None = None
    timestamp: str | None = None
    table: msgspec.Raw = NOTHING


class Cell(msgspec.Struct, rename="camel"):
    """A reply of the table."""

    text: str | None = None
    prompt: Any = None
    provider: str | None = None
    error: str | None = None
    failure_reason: int | None = None
    grading_result: dict[str, Any] | None = None
    latency_ms: float | None = None
    response: dict[str, Any] | None = None


class Row(msgspec.Struct):
    """A test of the table."""

    outputs: list[Cell]
    vars: list[Any] = []
    test: Case | None = None


class Column(msgspec.Struct):
    """A prompt, sent to a provider."""

    raw: str | None = None
    label: str | None = None
    display: str | None = None
    provider: str | None = None


class Names(msgspec.Struct):
    """The head of the table."""

    prompts: list[Column]
    vars: list[str] = []


class Table(msgspec.Struct):
    """The older form: a row a test, a column a prompt."""

    head: Names
    body: list[Row]


class Document(msgspec.Struct):
    """A file; `promptfoo.evaluate` itself gives `results` as a list."""

    results: Results | list[msgspec.Raw]
    table: msgspec.Raw = NOTHING
    config: dict[str, Any] | None = None


def of_table(held: Table, name: str) -> Iterator[tuple[str, Result]]:
    """Yield the cells of a table as single results, each with its place.

    Raises:
        UsageError: a row has more or fewer outputs than there are prompts.
    """
    columns = held.head.prompts
    for number, row in enumerate(held.body, start=1):
        if len(row.outputs) != len(columns):
            raise UsageError(f"{name}: row {number}: {len(row.outputs)} outputs for {len(columns)} prompts")
        for place, (column, cell) in enumerate(zip(columns, row.outputs, strict=True)):
            prompt = Prompt(raw=cell.prompt or column.raw, label=column.label, display=column.display)
            yield (
                f"{name}: row {number}, output {place + 1}",
                Result(
                    prompt=prompt,
                    vars=dict(zip(held.head.vars, row.vars, strict=False)),
                    provider=cell.provider or column.provider,
                    prompt_idx=place,
                    test_case=row.test,
                    response=cell.response or {"output": cell.text},
                    error=cell.error,
                    failure_reason=cell.failure_reason,
                    grading_result=cell.grading_result,
                    latency_ms=cell.latency_ms,
                ),
            )
