"""An SQLite database, by Python's own module, as Datasette and `sqlite-utils` like it.

Tables `records` (the columns of the flat table, but for the messages), `messages`, `checks`, `personas`, `questions`
and `runs`, with foreign keys; a full-text index over the replies where this SQLite has FTS5; and two views.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from persona_batch.exchange.columns import Column, Entry
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.sql import quoted
from persona_batch.exchange.survey import as_json
from persona_batch.record import Record
from persona_batch.record.record import CheckResult

_TYPES = {"text": "TEXT", "json": "TEXT", "time": "TEXT", "integer": "INTEGER", "real": "REAL", "boolean": "INTEGER"}
_DEVICE_TROUBLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_REFERENCES = {"run_id": "runs", "persona": "personas", "question": "questions"}

_TABLES = """
CREATE TABLE runs (id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE personas (id TEXT PRIMARY KEY, name TEXT, system TEXT, attributes TEXT);
CREATE TABLE questions (id TEXT PRIMARY KEY, text TEXT, cluster TEXT, answer TEXT);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, record INTEGER NOT NULL REFERENCES records(id), position INTEGER NOT NULL,
    role TEXT NOT NULL, content TEXT NOT NULL, name TEXT);
CREATE TABLE checks (
    id INTEGER PRIMARY KEY, record INTEGER NOT NULL REFERENCES records(id), part TEXT NOT NULL,
    "check" TEXT NOT NULL, passed INTEGER NOT NULL, expected TEXT, reason TEXT);
"""
_AFTER = """
CREATE INDEX messages_record ON messages(record);
CREATE INDEX checks_record ON checks(record);
CREATE INDEX records_persona ON records(persona);
CREATE INDEX records_question ON records(question);
CREATE VIEW replies AS
    SELECT id, persona, question, question_text, sample, model, status, reply FROM records ORDER BY question, id;
CREATE VIEW personas_in_numbers AS
    SELECT persona, count(*) AS records, sum(status IN ('ok', 'truncated')) AS replies,
        round(avg(length(reply)), 1) AS mean_characters, round(avg(latency_ms), 1) AS mean_latency_ms,
        sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens
    FROM records GROUP BY persona;
"""
# trigrams, as words of Chinese have no blanks between them
_SEARCH = """
CREATE VIRTUAL TABLE records_fts USING fts5(reply, question_text, content="records", content_rowid="id",
    tokenize="trigram");
INSERT INTO records_fts(records_fts) VALUES ('rebuild');
"""


def write(export: Export, path: Path) -> None:
    """Write the database.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")  # a file that fails goes
            _fill(database, export)
            database.executescript(_AFTER)
            if _can_search(database):
                database.executescript(_SEARCH)
            else:
                export.notes.append("this Python's SQLite has no FTS5 with trigrams: there is no full-text index")
            database.executescript("ANALYZE;")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in _DEVICE_TROUBLE:
            raise OSError(None, str(error)) from error
        raise


def _fill(database: sqlite3.Connection, export: Export) -> None:
    columns = [column for column in export.columns if column.name != "messages"]
    database.executescript(_TABLES)
    database.execute(f"CREATE TABLE records (id INTEGER PRIMARY KEY, {', '.join(map(_declared, columns))})")
    insert = f"INSERT INTO records VALUES (?{', ?' * len(columns)})"  # noqa: S608  # only question marks
    database.execute("BEGIN")
    for number, entry in enumerate(export.entries(), start=1):
        record = entry.record
        _note_names(database, export, entry)
        database.execute(insert, [number, *(column.of(entry) for column in columns)])
        database.executemany(
            "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?)",
            ((number, place, one.role, one.content, one.name) for place, one in enumerate(record.messages)),
        )
        database.executemany(
            "INSERT INTO checks VALUES (NULL, ?, ?, ?, ?, ?, ?)",
            (
                (number, part, one.check, one.passed, as_json(one.expected).decode(), one.reason)
                for part, one in _checked(record)
            ),
        )
    database.execute("COMMIT")


def _note_names(database: sqlite3.Connection, export: Export, entry: Entry) -> None:
    """Add what the record's names stand for, where it is the first of them."""
    record = entry.record
    run = export.table.runs[entry.run].name
    database.execute("INSERT OR IGNORE INTO runs VALUES (?, ?)", (record.run_id, run))
    attributes = as_json(record.attributes).decode()
    persona = (record.persona, entry.persona.name or record.persona, entry.system, attributes)  # what Datasette shows
    database.execute("INSERT OR IGNORE INTO personas VALUES (?, ?, ?, ?)", persona)
    question = (record.question, entry.question_text, entry.question.cluster, entry.question.answer)
    database.execute("INSERT OR IGNORE INTO questions VALUES (?, ?, ?, ?)", question)


def _declared(column: Column) -> str:
    refers = _REFERENCES.get(column.name)
    return f"{quoted(column.name)} {_TYPES[column.kind]}" + (f" REFERENCES {refers}(id)" if refers else "")


def _checked(record: Record) -> Iterator[tuple[str, CheckResult]]:
    """Yield the outcomes of all checks, and of which reply they speak: `reply`, `turn 1`, `probe 1`."""
    if record.turns is None:
        yield from (("reply", one) for one in record.checks)
    for number, turn in enumerate(record.turns or (), start=1):
        yield from ((f"turn {number}", one) for one in turn.checks)
    for number, probe in enumerate(record.probes or (), start=1):
        yield from ((f"probe {number}", one) for one in probe.checks)


def _can_search(database: sqlite3.Connection) -> bool:
    try:
        database.execute("CREATE VIRTUAL TABLE temp.can_search USING fts5(a, tokenize='trigram')")
        database.execute("DROP TABLE temp.can_search")
    except sqlite3.OperationalError:
        return False
    return True
