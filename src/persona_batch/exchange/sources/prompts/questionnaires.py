"""Bilingual questionnaires (InCharacter): `questions: {id: {origin_en, rewritten_zh, …, dimension, category}}`.

A set for each language and wording; what says the same in other words is one cluster.
"""

import re

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import Format, Found, FoundQuestion, FoundSet, ImportOptions

_WORDING = re.compile(r"(?P<wording>[a-z]+)_(?P<language>[a-z]{2}(?:[-_][A-Za-z]{2,4})?)")


def _items(document: JsonValue) -> dict[str, dict[str, JsonValue]] | None:
    items = document.get("questions") if isinstance(document, dict) else None
    if not isinstance(items, dict) or not items or not all(isinstance(item, dict) for item in items.values()):
        return None
    return items if all(any(_is_wording(*entry) for entry in item.items()) for item in items.values()) else None


def _is_wording(key: str, value: JsonValue) -> bool:
    return isinstance(value, str) and _WORDING.fullmatch(key) is not None


def _matches(source: Source) -> bool:
    return _items(source.json_or_none) is not None


def _read(source: Source, options: ImportOptions) -> Found:
    document = source.json
    items = _items(document)
    if items is None:
        raise source.wrong("expected `questions: {id: {origin_en: …, origin_zh: …}}`")
    keys = list(dict.fromkeys(key for item in items.values() for key in item if _is_wording(key, item[key])))
    wanted = [key for key in keys if options.locale is None or _speaks(key, options.locale)]
    if not wanted:
        raise source.wrong(f"it has no {options.locale}; there is {', '.join(keys)}")
    stem = str(document.get("name") or source.stem)
    kept = {key: value for key, value in document.items() if key not in ("questions", "name", "full_name")}
    sets = [
        FoundSet(
            stem=f"{source.stem}-{key}",
            name=f"{document.get('full_name') or stem} ({key})",
            questions=[_question(stem, number, key, item) for number, item in items.items() if _says(item, key)],
            imported=kept if place == 0 else None,
        )
        for place, key in enumerate(wanted)
    ]
    notes = [f"left out by `--locale`: {', '.join(key for key in keys if key not in wanted)}"]
    empty = [key for key in wanted if not all(_says(item, key) for item in items.values())]
    notes = notes[: len(keys) > len(wanted)] + [f"not all items have {key}" for key in empty]
    if kept:
        notes.append(f"{', '.join(kept)}: kept under `imported` of {sets[0].stem}, no part of what is asked")
    return Found(stem=source.stem, sets=sets, notes=notes)


def _speaks(key: str, locale: str) -> bool:
    found = _WORDING.fullmatch(key)
    return found is not None and found["language"].casefold().split("-")[0] == locale.casefold().split("-")[0]


def _question(stem: str, number: str, key: str, item: dict[str, JsonValue]) -> FoundQuestion:
    kept = {name: value for name, value in item.items() if not _is_wording(name, value) or not _speaks_any(name)}
    return FoundQuestion(id=f"{stem}-{number}-{key}", text=item[key], cluster=f"{stem}-{number}", imported=kept or None)


def _says(item: dict[str, JsonValue], key: str) -> bool:
    return isinstance(item.get(key), str) and item[key] != ""


def _speaks_any(key: str) -> bool:
    return _WORDING.fullmatch(key) is not None


QUESTIONNAIRE = Format(
    "questionnaire", "a bilingual questionnaire: questions{id:{origin_en,origin_zh,…}}", _matches, _read
)
