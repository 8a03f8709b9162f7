"""Tables of prompts and of questions: CSV, TSV, JSON lists, JSONL, Parquet."""

from collections.abc import Callable, Collection, Iterator

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.exchange.reading.rows import Row, beside_list, rows_of, sample
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.columns import (
    Columns,
    all_columns,
    are_messages,
    as_level,
    is_level,
    levels,
    of_personas,
    of_questions,
    said,
)
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, FoundSet, ImportOptions
from persona_batch.wording import listed


def _are_prompts(source: Source) -> bool:
    rows = sample(source)
    columns = of_personas(all_columns(rows))
    return columns is not None and _texts(rows, columns.text) and not are_messages(rows)


def _are_questions(source: Source) -> bool:
    rows = sample(source)
    if rows and all(_turns(row) for row in rows):
        return True
    columns = of_questions(all_columns(rows))
    return columns is not None and _texts(rows, columns.text) and not are_messages(rows)


def _texts(rows: Collection[Row], column: str) -> bool:
    """Say whether a column holds texts; one that is missing in a row is said when it is read."""
    values = [row.get(column) for row in rows]
    return any(isinstance(value, str) for value in values) and all(
        value is None or isinstance(value, str) for value in values
    )


def read_prompts(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    """Return the personas of a table.

    Raises:
        UsageError: no column holds prompts, or a row is broken.
    """
    rows = sample(source) or tuple(rows_of(source))
    columns = of_personas(all_columns(rows), loosely=True) or of_questions(all_columns(rows))
    if columns is None:
        raise source.wrong("no column holds prompts; call it `system` or `prompt`", 1)
    found = personas_of(source.stem, columns, rows, lambda: rows_of(source))
    if beside := beside_list(source):
        found.shared["imported"] = beside
    return found


def personas_of(stem: str, columns: Columns, first: Collection[Row], rows: Callable[[], Iterator[Row]]) -> Found:
    """Return the personas of rows, of which the `first` say which columns are attributes."""
    named = {columns.text, columns.name, columns.id, columns.description}
    grouped = levels(first, named)
    notes = kept_columns(first, {*named, *grouped})

    def made() -> Iterator[FoundPersona]:
        for number, row in enumerate(rows(), start=1):
            text = said(row, columns.text)
            if text is None:
                notes.append(f"row {number} has no {quote(columns.text)}: no persona")
                continue
            attributes, kept = split(row, named, grouped)
            name = said(row, columns.name)
            yield FoundPersona(
                id=said(row, columns.id) or name or None,
                name=name,
                description=said(row, columns.description),
                system=text,
                attributes=attributes or None,
                imported=kept or None,
            )

    return Found(stem=stem, personas=made(), notes=notes)


def kept_columns(first: Collection[Row], without: Collection[str | None]) -> list[str]:
    """Return a note of the columns that are kept, and neither sent nor grouped by; none where there are none."""
    kept = [name for name in all_columns(first) if name not in without and any(row.get(name) for row in first)]
    return [f"kept under `imported`, not sent: {listed([*map(quote, kept)], 8)}"] if kept else []


def split(
    row: Row, without: Collection[str | None], grouped: Collection[str]
) -> tuple[dict[str, str], dict[str, JsonValue]]:
    """Return what else a row says: attributes, and what is only kept."""
    attributes: dict[str, str] = {}
    kept: dict[str, JsonValue] = {}
    for name, value in row.items():
        if name in without or value is None or value == "":
            continue
        if name in grouped and is_level(value):
            attributes[name] = as_level(value)
        else:
            kept[name] = value
    return attributes, kept


def _turns(row: Row) -> list[str] | None:
    turns = row.get("turns")
    fits = isinstance(turns, list) and turns and all(isinstance(turn, str) for turn in turns)
    return turns if fits else None


def read_questions(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    """Return the questions of a table.

    Raises:
        UsageError: no column holds questions, or a row is broken.
    """
    rows = sample(source) or tuple(rows_of(source))
    turns = any(_turns(row) for row in rows)
    columns = of_questions([name for name in all_columns(rows) if not turns or name != "prompt"])
    if columns is None and not turns:
        raise source.wrong("no column holds questions; call it `question`", 1)
    columns = columns or Columns("", None, _id_of(rows))
    found = questions_of(source.stem, columns, lambda: rows_of(source), beside_list(source))
    notes = kept_columns(rows, {columns.text, columns.id, columns.answer, *(["turns"] if turns else [])})
    loose = of_personas(all_columns(rows), loosely=True)
    if loose is not None and loose.text == columns.text:
        notes.append(
            f"{quote(columns.text)} is taken for questions; `--format prompts` makes personas of them, "
            f"named by {quote(str(loose.name))}"
        )
    return Found(stem=source.stem, sets=[found], notes=notes)


def _id_of(rows: Collection[Row]) -> str | None:
    columns = of_questions([*all_columns(rows), "question"])
    return None if columns is None else columns.id


def questions_of(stem: str, columns: Columns, rows: Callable[[], Iterator[Row]], beside: Row | None = None) -> FoundSet:
    """Return the questions of rows; `turns` are the user's side of a conversation."""

    def made() -> Iterator[FoundQuestion]:
        for row in rows():
            turns = _turns(row)
            named = {columns.text, columns.id, columns.answer, "turns" if turns else None}
            _, kept = split(row, named, ())
            yield FoundQuestion(
                id=said(row, columns.id),
                text=None if turns and len(turns) > 1 else turns[0] if turns else said(row, columns.text),
                turns=turns if turns and len(turns) > 1 else None,
                answer=said(row, columns.answer),
                imported=kept or None,
            )

    return FoundSet(stem=stem, questions=made(), imported=beside or None)


PROMPTS = Format(
    "prompts", "a table of prompts, as act,prompt (CSV, TSV, JSON, JSONL, Parquet)", _are_prompts, read_prompts
)
QUESTIONS = Format(
    "questions", "a table of questions, MT-bench's too (CSV, TSV, JSON, JSONL, Parquet)", _are_questions, read_questions
)
