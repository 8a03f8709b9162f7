"""Export → read by the target's own library → the same messages and replies."""

import csv
import importlib.util
import json
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pyarrow import parquet

from exchange.exports.made import exported, many, sent
from persona_batch.record import Record
from persona_batch.tables.spreadsheet import told_cell

quick = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
heavy = settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])


def needs(module: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module} is not installed; `uv sync --group gate` brings it")


def told(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["key"], row["persona"], row["question"], row["reply"], row["status"]) for row in rows]


def as_recorded(records: Sequence[Record]) -> list[tuple[Any, ...]]:
    return [(one.key, one.persona, one.question, one.reply, one.status) for one in records]


def messages_of(text: str) -> list[dict[str, Any]]:
    return [{"name": None, **one} for one in json.loads(text)]


@quick
@given(many)
def test_csv_by_the_csv_module(records: list[Record]) -> None:
    with exported(records, "csv") as path, path.open(encoding="utf-8", newline="") as file:
        rows = [{name: told_cell(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    assert told(rows) == as_recorded(records)
    assert [messages_of(row["messages"]) for row in rows] == [sent(one) for one in records]
    assert [row["reasoning"] for row in rows] == [one.reasoning or "" for one in records]


@quick
@given(many)
def test_no_cell_of_a_table_is_a_formula(records: list[Record]) -> None:
    with exported(records, "tsv") as path, path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter="\t"):
            assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in row)


@quick
@given(many)
def test_raw_csv_needs_no_rule(records: list[Record]) -> None:
    with exported(records, "csv", raw=True, bom=True) as path, path.open(encoding="utf-8-sig", newline="") as file:
        assert told(list(csv.DictReader(file))) == as_recorded(records)


@quick
@given(many)
def test_json_lines_by_the_json_module(records: list[Record]) -> None:
    with exported(records, "jsonl") as path, path.open(encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    assert told(rows) == as_recorded(records)
    assert [[{"name": None, **one} for one in row["messages"]] for row in rows] == [sent(one) for one in records]
    assert [row["params"] for row in rows] == [one.params for one in records]
    assert [[turn["reply"] for turn in row["turns"] or ()] for row in rows] == [
        [turn.reply for turn in one.turns or ()] for one in records
    ]


@quick
@given(many)
def test_parquet_by_pyarrow(records: list[Record]) -> None:
    with exported(records, "parquet") as path:
        rows = parquet.read_table(path).to_pylist()
    assert told(rows) == as_recorded(records)
    assert [row["messages"] for row in rows] == [sent(one) for one in records]
    assert [row["reasoning"] for row in rows] == [one.reasoning for one in records]
    assert [row["latency_ms"] for row in rows] == [one.timing and one.timing.latency_ms for one in records]


@quick
@given(many)
def test_sqlite_by_sqlite3(records: list[Record]) -> None:
    with exported(records, "sqlite") as path, closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("SELECT * FROM records ORDER BY id")]
        said: list[list[dict[str, Any]]] = [[] for _ in records]
        for row in database.execute("SELECT * FROM messages ORDER BY record, position"):
            said[row["record"] - 1].append({name: row[name] for name in ("role", "content", "name")})
        outcomes = [tuple(row) for row in database.execute('SELECT "check", passed FROM checks ORDER BY id')]
        assert not list(database.execute("PRAGMA foreign_key_check"))
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert told(rows) == as_recorded(records)
    assert said == [sent(one) for one in records]
    assert outcomes == [(result.check, result.passed) for one in records for result in one.results]


@needs("duckdb")
@heavy
@given(many)
def test_duckdb_by_duckdb(records: list[Record]) -> None:
    import duckdb

    with exported(records, "duckdb") as path, duckdb.connect(str(path), read_only=True) as database:
        cursor = database.execute("SELECT * FROM records ORDER BY sample")
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert told(rows) == as_recorded(records)
    assert [row["messages"] for row in rows] == [sent(one) for one in records]
    assert [json.loads(row["params"]) for row in rows] == [one.params for one in records]


@contextmanager
def said_by(library: str) -> Iterator[list[str]]:
    """Collect what a library logs as warnings."""
    said: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    handler = Collecting(logging.WARNING)
    logging.getLogger(library).addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger(library).removeHandler(handler)


@needs("datasets")
@heavy
@given(many)
def test_a_folder_by_datasets(records: list[Record]) -> None:
    from datasets import load_dataset

    with exported(records, "datasets") as path, said_by("datasets") as warnings:
        rows = list(load_dataset(str(path), split="train", cache_dir=str(path.parent / "cache")))
    assert warnings == []
    assert told(rows) == as_recorded(records)
    assert [row["messages"] for row in rows] == [sent(one) for one in records]


@quick
@given(many)
def test_chats_for_fine_tuning(records: list[Record]) -> None:
    replied = [one for one in records if one.usable]
    if not replied:
        return
    with exported(records, "openai-messages") as path, path.open(encoding="utf-8", newline="\n") as file:
        chats = [json.loads(line)["messages"] for line in file]
    with exported(records, "sharegpt") as path:
        shared = json.loads(path.read_text(encoding="utf-8"))
    system = {"developer": "system"}
    asked = [[(system.get(said.role, said.role), said.content) for said in one.messages] for one in replied]
    expected = [[*said, ("assistant", one.reply)] for said, one in zip(asked, replied, strict=True)]
    assert [[(said["role"], said["content"]) for said in chat] for chat in chats] == expected
    names = {"human": "user", "gpt": "assistant", "system": "system"}
    assert [[(names[said["from"]], said["value"]) for said in one["conversations"]] for one in shared] == expected


@quick
@given(many)
def test_requests_ask_the_same(records: list[Record]) -> None:
    with exported(records, "openai-batch") as path, path.open(encoding="utf-8", newline="\n") as file:
        lines = [json.loads(line) for line in file]
    asked = [one for one in records if one.messages]
    assert [line["custom_id"] for line in lines] == [one.key for one in asked]
    for line, one in zip(lines, asked, strict=True):
        assert line["body"]["messages"][-1]["content"] == one.messages[-1].content
        assert line["url"] == ("/v4/chat/completions" if one.provider == "zhipu" else "/v1/chat/completions")


@quick
@given(many)
def test_a_document_holds_the_replies_as_text(records: list[Record]) -> None:
    from markdown_it import MarkdownIt

    with exported(records, "markdown") as path:
        document = path.read_bytes().decode()
    tokens = MarkdownIt("commonmark").parse(document)
    blocks = [token.content for token in tokens if token.type == "fence"]
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    plain = [one for one in records if not one.turns and (one.reply or one.error is None)]
    assert {_lines(one.reply) for one in plain} <= set(blocks)
    prompts = len({(one.persona, one.variant) for one in records})
    assert headings.count("h3") == prompts + len(records)
    assert headings.count("h2") == 1 + len({one.question for one in records})
    assert not [
        token for token in tokens if token.type == "html_block" and token.content.strip() != "<!-- batch export -->"
    ]


def _lines(text: str) -> str:
    """Return a text as CommonMark has the content of a fence."""
    return f"{text}\n".replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
