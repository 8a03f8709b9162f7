"""A JSON or YAML object of prompts by name, and a list of texts: the simplest files that people have."""

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, FoundSet, ImportOptions

_SHORTEST = 20  # characters of a prompt, in the median; shorter texts may be anything


def _named(document: JsonValue) -> dict[str, str] | None:
    fits = isinstance(document, dict) and document and all(isinstance(text, str) for text in document.values())
    return document if fits else None


def _are_named(source: Source) -> bool:
    named = _named(source.json_or_none)
    if named is None:
        return False
    lengths = sorted(len(text) for text in named.values())
    return lengths[len(lengths) // 2] >= _SHORTEST and not _looks_like_settings(named)


def _looks_like_settings(named: dict[str, str]) -> bool:
    return bool({"version", "$schema", "url", "license", "author"} & named.keys())


def _read_named(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    named = _named(source.yaml if source.suffix in (".yaml", ".yml") else source.json)
    if named is None:
        raise source.wrong("expected an object of prompts by name, as {name: prompt}")
    personas = [FoundPersona(id=name, name=name, system=text) for name, text in named.items()]
    return Found(stem=source.stem, personas=personas)


def _texts(document: JsonValue) -> list[str] | None:
    if isinstance(document, dict) and len(document) == 1 and "questions" in document:
        document = document["questions"]
    fits = isinstance(document, list) and document and all(isinstance(text, str) for text in document)
    return document if fits else None


def _are_texts(source: Source) -> bool:
    return _texts(source.json_or_none) is not None


def _read_texts(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    texts = _texts(source.json)
    if texts is None:
        raise source.wrong("expected a list of questions, as [text, …]")
    return Found(
        stem=source.stem, sets=[FoundSet(stem=source.stem, questions=[FoundQuestion(text=text) for text in texts])]
    )


def _read_lines(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    lines = [line.removesuffix("\r") for line in source.text.split("\n")]
    questions = [FoundQuestion(text=line) for line in lines if line.strip()]
    if not questions:
        raise source.wrong("no line asks anything")
    return Found(stem=source.stem, sets=[FoundSet(stem=source.stem, questions=questions)])


NAMED = Format("named-prompts", "a JSON object of prompts by name", _are_named, _read_named)
TEXTS = Format("question-list", "a JSON list of questions", _are_texts, _read_texts)
LINES = Format("question-lines", "a question per line; only by --format", lambda source: False, _read_lines)  # noqa: ARG005
