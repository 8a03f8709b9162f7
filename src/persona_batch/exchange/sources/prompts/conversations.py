"""Recorded conversations: ShareGPT (`conversations: [{from, value}]`), chat messages (`messages: [{role, content}]`).

Whoever has the same system message (and greeting) is one persona. What the user says is asked of it, all turns in a
row, and what stands there several times is asked once; what was answered then is kept.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.rows import Row, rows_of, sample
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.columns import IDS, SYSTEMS, find, said
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, FoundSet, ImportOptions
from persona_batch.exchange.sources.messages import Talk, message_of, take_apart

_KEYS = ("messages", "conversations", "conversation", "turns", "input", "prompt", "dialogue", "dialog")
_MOST_PERSONAS = 5000
_LARGE = 16 * 1024 * 1024  # bytes of a file that is not held: it is read once for each persona
_MOST_PASSES = 20


def _held(row: Row) -> tuple[str, list[JsonValue]] | None:
    """Return the messages of a row and the key that holds them; an OpenAI batch request has them in its body."""
    holder: JsonValue = row.get("body") if isinstance(row.get("body"), dict) else row
    for key in _KEYS:
        found = holder.get(key)
        if isinstance(found, list) and found and message_of(found[0]) is not None:
            return key, found
    return None


def _messages(row: Row) -> list[JsonValue] | None:
    """Return the messages of a row; a system message may stand beside them."""
    held = _held(row)
    if held is None:
        return None
    messages = held[1]
    system = said(row, find(row, SYSTEMS))
    first = message_of(messages[0])
    if not system or (first is not None and first[0] in ("system", "developer")):
        return messages
    return [{"role": "system", "content": system}, *messages]


def _matches(source: Source) -> bool:
    rows = sample(source)
    if rows:
        return all(_messages(row) is not None for row in rows)
    return _alone(source) is not None


def _alone(source: Source) -> list[JsonValue] | None:
    """Return the messages of a file that is one conversation."""
    document = source.json_or_none
    if isinstance(document, dict):
        return _messages(document)
    fits = isinstance(document, list) and document and all(message_of(item) is not None for item in document)
    return document if fits else None


def _rows(source: Source) -> Iterator[Row]:
    if (alone := _alone(source)) is not None:
        document = source.json
        yield {**document, "messages": alone} if isinstance(document, dict) else {"messages": alone}
    else:
        yield from rows_of(source)


class _Persona(NamedTuple):
    """Who was talked with, and what it was asked, each conversation once, with the rows that have it."""

    talk: Talk
    asked: dict[tuple[str, ...], list[Row]]


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    personas: dict[str, _Persona] = {}
    notes: list[str] = []
    large = source.size > _LARGE
    for number, row in enumerate(_rows(source), start=1):
        talk = _talk(row, number, source)
        if talk.rest:
            notes.append(f"row {number}: {talk.rest[0]}; it is kept under `imported`")
        if not talk.asked:
            notes.append(f"row {number}: the user says nothing, so nothing is asked")
            continue
        one = personas.setdefault(_key(talk), _Persona(talk, {}))
        if not large:
            one.asked.setdefault(tuple(talk.asked), []).append(_kept(row, talk))
        if len(personas) > (_MOST_PASSES if large else _MOST_PERSONAS):
            raise source.wrong("too many different system messages; split the file")
    if large:
        sets = [_again(source, key, f"{source.stem}-{number}") for number, key in enumerate(personas, start=1)]
        stems = [one.stem for one in sets]
    else:
        sets, stems = _shared(source.stem, personas)
    several = len(personas) > 1
    found = [
        FoundPersona(
            id=f"{source.stem}-{number}" if several else source.stem,
            system=one.talk.system,
            placement=one.talk.placement,
            examples=one.talk.examples or None,
            sets=[stem] if len(sets) > 1 else [],
        )
        for number, (one, stem) in enumerate(zip(personas.values(), stems, strict=True), start=1)
    ]
    return Found(stem=source.stem, personas=found, sets=sets, notes=notes)


def _talk(row: Row, number: int, source: Source) -> Talk:
    messages = _messages(row)
    if messages is None:
        raise source.wrong(f"row {number} holds no messages")
    return take_apart(messages)


def _key(talk: Talk) -> str:
    return json.dumps([talk.system, talk.placement, [turn.assistant for turn in talk.examples]])


def _kept(row: Row, talk: Talk) -> Row:
    """Return what a row says besides: what was answered, too."""
    held = _held(row)
    key = "" if held is None else held[0]
    kept = {name: value for name, value in row.items() if name not in (key, "body")}
    if isinstance(body := row.get("body"), dict):
        kept["body"] = {name: value for name, value in body.items() if name != key}
    if talk.rest or any(talk.replies):
        kept["messages"] = _messages(row)
    return kept


def _shared(stem: str, personas: Mapping[str, _Persona]) -> tuple[list[FoundSet], list[str]]:
    """Return the sets, and which of them each persona is asked: one set for all who are asked the same."""
    rows: dict[frozenset[tuple[str, ...]], dict[tuple[str, ...], list[Row]]] = {}
    for one in personas.values():
        held = rows.setdefault(frozenset(one.asked), {})
        for asked, kept in one.asked.items():
            held.setdefault(asked, []).extend(kept)
    names = {key: stem if len(rows) == 1 else f"{stem}-{number}" for number, key in enumerate(rows, start=1)}
    sets = [
        FoundSet(stem=names[key], questions=[_question(asked, kept) for asked, kept in held.items()])
        for key, held in rows.items()
    ]
    return sets, [names[frozenset(one.asked)] for one in personas.values()]


def _question(asked: Sequence[str], rows: Sequence[Row]) -> FoundQuestion:
    ids = {said(row, find(row, (*IDS, "custom_id"))) for row in rows}
    alone = len(rows) == 1
    kept: Row = {key: value for key, value in rows[0].items() if key != "id"} if alone else {"rows": list(rows)}
    several = len(asked) > 1
    return FoundQuestion(
        id=ids.pop() if len(ids) == 1 else None,
        text=None if several else asked[0],
        turns=list(asked) if several else None,
        imported=kept if kept and any(rows) else None,
    )


def _again(source: Source, key: str, stem: str) -> FoundSet:
    """Return what one persona is asked in a large file, by reading it once more."""

    def made() -> Iterator[FoundQuestion]:
        for number, row in enumerate(_rows(source), start=1):
            talk = _talk(row, number, source)
            if talk.asked and _key(talk) == key:
                yield _question(talk.asked, [_kept(row, talk)])

    return FoundSet(stem=stem, questions=made())


CONVERSATIONS = Format(
    "conversations", "recorded conversations: ShareGPT, or chat messages (JSON, JSONL, Parquet)", _matches, _read
)
