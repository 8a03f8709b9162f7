"""Lists of (system, probe) pairs: each persona with the question that shows whether its prompt works.

What tests a reply there is Python; the forms that are exactly a check of ours become it, and nothing is ever executed.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import structs

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote
from persona_batch.exchange.reading.rows import Row, rows_of, sample
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.columns import ASKED, IDS, NAMES, PERSONAS, SYSTEMS, all_columns, find, levels, said
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, ImportOptions
from persona_batch.exchange.sources.prompts.tables import kept_columns, split

_QUESTIONS = ("probe", "question", "问题")
_CHECKS = ("check_source", "check", "test", "validator")
_MOST_MERGED = 10_000  # rows that are looked at together
_MOST_CHARS = 16 * 1024 * 1024  # of them
_CONTAINS = re.compile(r"""lambda (\w+): (?P<text>(['"]).*\3) (?P<not>not )?in \1""", re.DOTALL)


def _matches(source: Source) -> bool:
    rows = sample(source)
    system, probe = _columns(rows)
    return (
        bool(rows)
        and None not in (system, probe)
        and all(isinstance(row.get(system or ""), str) and isinstance(row.get(probe or ""), str) for row in rows)
    )


def _columns(rows: tuple[Row, ...]) -> tuple[str | None, str | None]:
    columns = all_columns(rows)
    system = find(columns, SYSTEMS)
    if system is None and find(columns, _QUESTIONS) is not None:  # a prompt beside a persona is the persona's
        system = find(columns, PERSONAS)
    return system, find(columns, ASKED, {system})


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    rows = sample(source)
    system, probe = _columns(rows)
    if system is None or probe is None:
        raise source.wrong("expected a list of objects with `system` and `probe`")
    columns = all_columns(rows)
    identity = find(columns, IDS)
    name = find(columns, NAMES, {system, probe, identity})
    check = find(columns, _CHECKS)
    named = {system, probe, identity, name, check}
    grouped = levels(rows, named)
    notes: list[str] = []

    notes += kept_columns(rows, {*named, *grouped})

    def made() -> Iterator[FoundPersona]:
        for number, row in enumerate(rows_of(source), start=1):
            text, asked = said(row, system), said(row, probe)
            attributes, kept = split(row, named, grouped)
            known, tested = None, said(row, check)
            if check is not None and tested:
                known = check_of(tested)
                kept[check] = tested
                if known is None:
                    notes.append(f"no check of ours is exactly {quote(tested, 80)}; it is kept under `imported`")
            if asked is None:
                notes.append(f"row {number} asks nothing")
            yield FoundPersona(
                id=said(row, identity) or said(row, name),
                name=said(row, name),
                system=text,
                attributes=attributes or None,
                questions=[] if asked is None else [FoundQuestion(text=asked)],
                checks=None if known is None else [known],
                imported=kept or None,
            )

    return Found(stem=source.stem, personas=_merged(made()), notes=notes)


def _merged(personas: Iterable[FoundPersona]) -> Iterator[FoundPersona]:
    """Yield personas, those of one prompt as one with several questions; of a very long source, one after another.

    What a row says of itself (its id, its check, what is kept) is then its question's.
    """
    rest = iter(personas)
    first: list[FoundPersona] = []
    size = 0
    for one in rest:
        first.append(one)
        size += len(repr(one))
        if len(first) > _MOST_MERGED or size > _MOST_CHARS:
            yield from chain(first, rest)
            return
    alike: dict[tuple[object, ...], list[FoundPersona]] = {}
    for one in first:
        attributes = tuple((one.attributes or {}).items())
        alike.setdefault((one.name, one.system, attributes), []).append(one)
    for same in alike.values():
        yield same[0] if len(same) == 1 else _together(same)


def _together(same: Sequence[FoundPersona]) -> FoundPersona:
    of_rows = len({one.id for one in same}) > 1
    questions = [
        structs.replace(question, id=one.id if of_rows else None, checks=one.checks, imported=one.imported)
        for one in same
        for question in one.questions
    ]
    identity = same[0].name if of_rows else same[0].id
    return structs.replace(same[0], id=identity, questions=questions, checks=None, imported=None)


def check_of(written: str) -> dict[str, JsonValue] | None:
    """Return the check that is exactly a Python expression: `lambda x: "text" in x`; None: there is none."""
    found = _CONTAINS.fullmatch(written.strip())
    if found is None:
        return None
    try:
        text = ast.literal_eval(found["text"])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(text, str) or not text:
        return None
    return {"not_contains" if found["not"] else "contains": text}


PAIRS = Format("probes", "a list of pairs of a system prompt and a question: system, probe", _matches, _read)
