"""Personas and questions as a caller gives them: names of files, or plain values of Python."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from persona_batch.chat import JsonValue
from persona_batch.config.inline import Inline, plain_value
from persona_batch.config.problems import Place, Problems, did_you_mean, quote
from persona_batch.config.questions import names_files
from persona_batch.errors import UsageError

OneGiven: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
PersonasGiven: TypeAlias = OneGiven | Iterable[OneGiven]
"""A file, folder or glob; a dict of names and prompts, or in the form of a persona file; or several of these."""
QuestionsGiven: TypeAlias = OneGiven | Iterable[OneGiven]
"""A text, or a file, folder or glob; a dict of ids and texts, or in the form of a question file; or several."""

_PERSONA = frozenset({"id", "system", "from", "personas"})
_QUESTION = frozenset({"id", "text", "turns", "from", "questions"})
_TYPO = 0.8  # as near to one of these keys is one of them mistyped, and no name
_Read: TypeAlias = Callable[[object, str, Problems], Iterator[str | Inline]]


def personas_of(value: object, at: str = "personas") -> tuple[str | Inline, ...]:
    """Return what is given as personas: names of files as they are, and values as what a persona file would say.

    A text or a path is the name of a file, a folder or a glob. A dict with one of the keys `id`, `system`, `from` and
    `personas` is in the form of a persona file; any other has names, each with its prompt (None: no system message; a
    list: paraphrases) or with the rest of its entry.

    Raises:
        UsageError: it is none of these, or there is nothing in it.
    """
    return _of(value, at, _personas)


def questions_of(value: object, at: str = "questions") -> tuple[str | Inline, ...]:
    """Return what is given as questions: names of files as they are, and values as what a question file would say.

    A text is asked, unless it ends in `.yaml` or `.yml`, or holds a `/` and is a folder, as under `questions:` of a
    persona file; a path is the name of a file, a folder or a glob. A dict with one of the keys `id`, `text`, `turns`,
    `from` and `questions` is in the form of a question file or of one of its questions; any other has ids, each with
    its text (a list: the turns of a conversation) or with the rest of its entry.

    Raises:
        UsageError: it is none of these, or there is nothing in it.
    """
    return _of(value, at, _questions)


def _of(value: object, at: str, read: _Read) -> tuple[str | Inline, ...]:
    if value is None:
        return ()
    problems = Problems()
    found = tuple(read(value, at, problems))
    problems.raise_if_any()
    if not found:
        raise UsageError(f"{at}: there is nothing in it; give at least one, or leave it out")
    return found


def _personas(value: object, at: str, problems: Problems) -> Iterator[str | Inline]:
    if isinstance(value, str):
        if "\n" in value or (" " in value and not os.path.lexists(value) and not Path(value).suffix):
            told = f"found the text {quote(value)}, expected the name of a file; a prompt is given with a name"
            problems.add(Place(at), f"{told}: {{'NAME': '…'}}")
        yield str(value)
    elif isinstance(value, Mapping) and not _is_entry(value, _PERSONA):
        for name, said in value.items():
            yield _named(name, said, "system", at, problems, _unprompted)
    elif isinstance(value, Mapping):
        said = plain_value(value, at, problems)
        if isinstance(several := said.get("personas"), list):
            said["personas"] = [_unprompted(one) for one in several]
        yield Inline(at, _unprompted(said))
    else:
        yield from _others(value, at, problems, _personas)


def _questions(value: object, at: str, problems: Problems) -> Iterator[str | Inline]:
    if isinstance(value, str):
        if names_files(value, Path()):
            yield str(value)
            return
        if not any(char.isspace() for char in value) and _is_there(value):
            told = f"{quote(value)} is the name of a file or folder; write Path({value!r}) for what is in it"
            problems.add(Place(at), f"{told}, or {{'text': {value!r}}} to ask it")
        yield Inline(at, plain_value(value, at, problems))
    elif isinstance(value, Mapping) and not _is_entry(value, _QUESTION):
        for name, said in value.items():
            yield _named(name, said, "turns" if isinstance(said, (list, tuple)) else "text", at, problems)
    elif isinstance(value, Mapping):
        yield Inline(at, plain_value(value, at, problems))
    else:
        yield from _others(value, at, problems, _questions)


def _is_entry(value: Mapping[object, object], keys: frozenset[str]) -> bool:
    """Say whether a dict has the form of a file, or of an entry of one, and not names for keys."""
    return any(isinstance(key, str) and (key in keys or did_you_mean(key, keys, _TYPO)) for key in value)


def _others(value: object, at: str, problems: Problems, read: _Read) -> Iterator[str | Inline]:
    """Read a path, or several values one by one."""
    if isinstance(value, os.PathLike):
        yield os.fsdecode(value)
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)) and not hasattr(value, "columns"):
        for number, one in enumerate(value):
            place = f"{at}[{number}]"
            if isinstance(one, (str, Mapping, os.PathLike)):
                yield from read(one, place, problems)
            else:
                problems.add(Place(place), f"found a value of type {type(one).__name__}, expected text or a dict")
    else:
        rows = "; of a data frame, give its rows as dicts" if hasattr(value, "columns") else ""
        found = f"found a value of type {type(value).__name__}, expected a name of a file, a dict, or a list of these"
        problems.add(Place(at), found + rows)


def _named(
    name: object,
    said: object,
    key: str,
    at: str,
    problems: Problems,
    finish: Callable[[JsonValue], JsonValue] = lambda said: said,
) -> Inline:
    """Return an entry that is given under its name, with its text or with all but its `id`."""
    place = f"{at}[{name!r}]"
    entry = said if isinstance(said, Mapping) else {key: said}
    if not isinstance(name, str):
        problems.add(Place(at), f"the name {quote(repr(name))} is no text; write {quote(repr(str(name)))}")
    if "id" in entry:
        problems.add(Place(place), "it has its name for an `id`; leave this one out")
    return Inline(place, finish(plain_value({"id": str(name), **entry}, place, problems)))


def _unprompted(said: JsonValue) -> JsonValue:
    """Return a persona's entry in which no prompt at all is said as a file says it: `placement: none`."""
    if not isinstance(said, dict) or said.get("system", "") is not None:
        return said
    rest = {name: value for name, value in said.items() if name != "system"}
    return {**rest, "placement": rest.get("placement", "none")}


def _is_there(name: str) -> bool:
    try:
        return os.path.lexists(name)
    except ValueError:
        return False
