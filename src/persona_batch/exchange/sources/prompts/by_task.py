"""Persona-named JSON (PersonaGym): the file's name is the persona's description, within are its questions by task."""

from persona_batch.chat import JsonValue
from persona_batch.config.names import id_from_stem
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, FoundSet, ImportOptions


def _tasks(document: JsonValue) -> dict[str, list[str]] | None:
    fits = (
        isinstance(document, dict)
        and document
        and all(
            isinstance(asked, list) and asked and all(isinstance(one, str) for one in asked)
            for asked in document.values()
        )
    )
    return document if fits else None


def _matches(source: Source) -> bool:
    """The name is a sentence rather than a word: a description."""
    return source.stem.count(" ") >= 2 and _tasks(source.json_or_none) is not None


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    tasks = _tasks(source.json)
    if tasks is None:
        raise source.wrong("expected an object of lists of questions by task")
    short = (id_from_stem(source.stem) or "persona")[:40].rstrip("-._")
    sets = [
        FoundSet(
            stem=f"{short}-{task}",
            name=task,
            description=source.stem,
            questions=[FoundQuestion(text=text) for text in asked],
        )
        for task, asked in tasks.items()
    ]
    persona = FoundPersona(id=source.stem, description=source.stem, system=source.stem, sets=[one.stem for one in sets])
    note = "the file's name, which describes the persona, is its prompt as it stands"
    return Found(stem=short, personas=[persona], sets=sets, notes=[note])


BY_TASK = Format("task-questions", "JSON named after a persona, with its questions by task", _matches, _read)
