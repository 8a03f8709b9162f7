"""Recorded conversations, in any of their dialects: ShareGPT, chat messages, Alpaca, preference pairs.

Whoever has the same system message (and greeting) is one persona. What the user says is asked of it, all turns in a
row, and what stands there several times is asked once; what was answered then is kept.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.rows import Row, rows_of, sample
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.columns import IDS, find, said
from persona_batch.exchange.sources.fields import kept_note
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, FoundSet, ImportOptions
from persona_batch.exchange.sources.messages import IN_A_ROW, Talk, ask_again, read_message
from persona_batch.exchange.sources.prompts.dialects import BELOW, BY_TURNS, LEFT, Recorded, recorded

_MOST_PERSONAS = 5000
_LARGE = 16 * 1024 * 1024  # bytes of a file that is not held: it is read once for each persona
_MOST_PASSES = 20
_IDS = (*IDS, "custom_id", "conversation_id", "conversation_hash", "message_tree_id", "message_id")


def _matches(source: Source) -> bool:
    found = [recorded(row) for row in sample(source)]
    if None not in found and any(one is not None and one.messages for one in found):
        return True
    return _alone(source) is not None


def _alone(source: Source) -> list[Row] | None:
    """Return the rows of a file that is one conversation, or a list of lists of messages."""
    document = source.json_or_none
    if isinstance(document, dict):
        found = recorded(document)
        return [document] if found is not None and found.messages and found.chat else None
    if not isinstance(document, list) or not document:
        return None
    if all(_is_message(item) for item in document):
        return [{"messages": document}]
    fits = all(isinstance(item, list) and all(_is_message(one) for one in item) for item in document)
    return [{"messages": item} for item in document] if fits and any(document) else None


def _is_message(item: JsonValue) -> bool:
    message = read_message(item)
    return message is not None and message.role is not None


def _rows(source: Source) -> Iterator[Row]:
    alone = _alone(source)
    yield from rows_of(source) if alone is None else alone


@dataclass(slots=True)
class _Told:
    """What is not sent, and in how many rows; `kept` are the names of what stands under `imported`."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)

    def add(self, what: str, number: int) -> None:
        """Note something of a row."""
        self.counts.setdefault(what, [number, 0])[1] += 1

    def notes(self) -> list[str]:
        """Return a sentence for each kind of thing."""
        notes: list[str] = []
        kept_note(self.kept, notes)
        for what, (first, count) in self.counts.items():
            notes.append(f"{what}: row {first}{f' and {count - 1:,} more' if count > 1 else ''}")
        return notes


class _Persona(NamedTuple):
    """Who was talked with, and what it was asked, each conversation once, with the rows that have it."""

    talk: Talk
    asked: dict[tuple[str, ...], list[bytes]]


def _packed(row: Row) -> bytes:
    """Return a row as JSON, which takes a fifth of the memory."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _unpacked(packed: bytes) -> Row:
    row: Row = json.loads(packed.decode("utf-8", "surrogatepass"))
    return row


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    personas: dict[str, _Persona] = {}
    told = _Told()
    large = source.size > _LARGE
    chat = False
    for number, row in enumerate(_rows(source), start=1):
        record, talk = _talk(row)
        if not talk.asked:
            told.add(_why_nothing(record), number)
            continue
        chat = chat or record.chat
        for what in (*record.told, *talk.rest):
            plain = what in (IN_A_ROW, BY_TURNS) or what.startswith(LEFT)
            told.add(what if plain else f"not sent, and kept under `imported`: {what}", number)
        kept = _kept(record, talk)
        told.kept.update(dict.fromkeys(name for name in kept if name != find([name], _IDS)))
        one = personas.setdefault(_key(talk), _Persona(talk, {}))
        if not large:
            one.asked.setdefault(tuple(talk.asked), []).append(_packed(kept))
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
    if not chat and all(one.system is None for one in found):
        found = []  # instructions, and nobody who is told who to be
    return Found(stem=source.stem, personas=found, sets=sets, notes=told.notes())


def _why_nothing(record: Recorded | None) -> str:
    if record is None or (not record.messages and not record.told):
        return "rows without messages are left out"
    if record.told == (BELOW,):
        return BELOW
    return "left out, as the user says nothing in them"


def _talk(row: Row) -> tuple[Recorded, Talk]:
    record = recorded(row) or Recorded([], row)
    return record, ask_again(record.messages)


def _key(talk: Talk) -> str:
    return json.dumps([talk.system, talk.placement, [turn.assistant for turn in talk.examples]])


def _kept(record: Recorded, talk: Talk) -> Row:
    """Return what a row says besides: what was answered, too."""
    more = record.listed and (bool(talk.replies) or any(what != IN_A_ROW for what in talk.rest))
    return {**record.kept, "messages": record.messages} if more else dict(record.kept)


def _shared(stem: str, personas: Mapping[str, _Persona]) -> tuple[list[FoundSet], list[str]]:
    """Return the sets, and which of them each persona is asked: one set for all who are asked the same."""
    rows: dict[frozenset[tuple[str, ...]], dict[tuple[str, ...], list[bytes]]] = {}
    for one in personas.values():
        held = rows.setdefault(frozenset(one.asked), {})
        for asked, kept in one.asked.items():
            held.setdefault(asked, []).extend(kept)
    names = {key: stem if len(rows) == 1 else f"{stem}-{number}" for number, key in enumerate(rows, start=1)}
    sets = [FoundSet(stem=names[key], questions=_questions(held)) for key, held in rows.items()]
    return sets, [names[frozenset(one.asked)] for one in personas.values()]


def _questions(held: Mapping[tuple[str, ...], Sequence[bytes]]) -> Iterator[FoundQuestion]:
    return (_question(asked, [*map(_unpacked, kept)]) for asked, kept in held.items())


def _question(asked: Sequence[str], rows: Sequence[Row]) -> FoundQuestion:
    ids = {said(row, find(row, _IDS)) for row in rows}
    alone = len(rows) == 1
    kept: Row = (
        {key: value for key, value in rows[0].items() if key != find(rows[0], _IDS)} if alone else {"rows": list(rows)}
    )
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
        for row in _rows(source):
            record, talk = _talk(row)
            if talk.asked and _key(talk) == key:
                yield _question(talk.asked, [_kept(record, talk)])

    return FoundSet(stem=stem, questions=made())


CONVERSATIONS = Format(
    "conversations",
    "recorded conversations: ShareGPT, chat messages, Alpaca (JSON, JSONL, CSV, Parquet)",
    _matches,
    _read,
)
