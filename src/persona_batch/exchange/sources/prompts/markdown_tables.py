r"""Tables in Markdown (GFM): prompts or questions; `\|` in a cell is `|`, and nothing else in it is changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from persona_batch.config.problems import quote
from persona_batch.exchange.reading.rows import Row
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.columns import of_personas, of_questions
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundSet, ImportOptions
from persona_batch.exchange.sources.prompts.tables import personas_of, questions_of

_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*")
_CELL = re.compile(r"((?:[^\\|]|\\.)*)(?:\||$)", re.DOTALL)
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")


@dataclass(slots=True)
class _Table:
    columns: list[str]
    line: int
    rows: list[Row] = field(default_factory=list)


def _matches(source: Source) -> bool:
    if source.suffix not in (".md", ".markdown") or b"|" not in source.head:
        return False
    return any(_kind(table.columns) for table in _tables(source.head.decode("utf-8", "replace"), []))


def _kind(columns: list[str]) -> str:
    """Return what a table holds: `questions`, `personas`, or nothing that we know."""
    personas, questions = of_personas(columns), of_questions(columns)
    if questions is not None and (personas is None or questions.text != personas.text):
        return "questions"
    return "" if personas is None else "personas"


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    notes: list[str] = []
    tables = _tables(source.text, notes)
    personas: list[FoundPersona] = []
    sets: list[FoundSet] = []
    for table in tables:
        kind = _kind(table.columns)
        if kind == "questions" and (columns := of_questions(table.columns)) is not None:
            stem = source.stem if not sets else f"{source.stem}-{len(sets) + 1}"
            rows = table.rows
            sets.append(questions_of(stem, columns, lambda rows=rows: iter(rows)))  # type: ignore[misc]
        elif kind == "personas" and (columns := of_personas(table.columns)) is not None:
            found = personas_of(source.stem, columns, table.rows, lambda rows=table.rows: iter(rows))  # type: ignore[misc]
            personas += found.personas
            notes += found.notes
        else:
            notes.append(f"line {table.line}: a table of {', '.join(map(quote, table.columns[:4]))} was passed over")
    if not personas and not sets:
        raise source.wrong("no table of prompts or questions; name the columns `act`, `prompt` or `question`")
    return Found(stem=source.stem, personas=personas, sets=sets, notes=notes)


def _tables(text: str, notes: list[str]) -> list[_Table]:
    """Return the tables of a text: a head, a rule of as many cells, and rows until a line without a bar."""
    found: list[_Table] = []
    before: list[str] | None = None
    table: _Table | None = None
    fence = ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if mark := _FENCE.match(line):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
            table = before = None
            continue
        if fence or "|" not in line:
            table, before = None, None
            continue
        cells = list(_cells(line))
        if table is not None:
            _add(table, cells, number, notes)
        elif before is not None and _RULE.fullmatch(line) and len(cells) == len(before):
            table = _Table(before, number - 1)
            found.append(table)
        else:
            before = cells
    return [table for table in found if table.rows]


def _add(table: _Table, cells: list[str], number: int, notes: list[str]) -> None:
    if len(cells) > len(table.columns):
        extra = len(cells) - len(table.columns)
        notes.append(f"line {number}: {extra} more cells than the head has; a bar within a cell is written \\|")
    padded = [*cells, *[""] * (len(table.columns) - len(cells))]
    row: Row = dict(zip(table.columns, padded, strict=False))
    if len(cells) > len(table.columns):
        row["further cells"] = cells[len(table.columns) :]
    table.rows.append(row)


def _cells(line: str) -> Iterator[str]:
    r"""Yield the cells of a line, without the bars around it; only `\|` is unescaped, as GFM says."""
    inner = line.strip()
    inner = inner.removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    place = 0
    while place <= len(inner):
        match = _CELL.match(inner, place)
        if match is None:
            yield inner[place:].strip()
            return
        yield match[1].strip().replace("\\|", "|")
        if match.end() == len(inner) and not match[0].endswith("|"):
            return
        place = match.end()


MARKDOWN = Format("markdown", "tables in Markdown, as |标题|问题|", _matches, _read)
