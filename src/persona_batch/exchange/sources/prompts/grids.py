"""A condition grid: conditions with their place and text, or with messages, each asked every question."""

from persona_batch.chat import JsonValue, Placement
from persona_batch.config.built_in import BUILT_IN
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, FoundQuestion, FoundSet, ImportOptions
from persona_batch.exchange.sources.messages import persona_of_messages

_PLACES: dict[str, Placement] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "user-first": "user",
    "none": "none",
}


def _grid(document: JsonValue) -> tuple[list[dict[str, JsonValue]], list[JsonValue]] | None:
    """Return the conditions and questions of a grid; None: it is none."""
    if not isinstance(document, dict):
        return None
    conditions, questions = document.get("conditions"), document.get("questions")
    if not isinstance(conditions, list) or not isinstance(questions, list) or not conditions:
        return None
    fits = all(isinstance(one, dict) and {"text", "messages", "place"} & one.keys() for one in conditions)
    return (conditions, questions) if fits else None


def _matches(source: Source) -> bool:
    return _grid(source.json_or_none or source.yaml_or_none) is not None


def _read(source: Source, options: ImportOptions) -> Found:  # noqa: ARG001
    document = source.json if source.suffix == ".json" else source.yaml
    grid = _grid(document)
    if grid is None or not isinstance(document, dict):
        raise source.wrong("expected `conditions`, each with `text`, `place` or `messages`, and `questions`")
    notes: list[str] = []
    personas: list[FoundPersona] = []
    controls: list[str] = []
    for number, condition in enumerate(grid[0], start=1):
        one = _persona(condition, number, source, notes)
        if one.system is None and not one.examples and one.id in BUILT_IN and not one.imported:
            controls.append(str(one.id))  # it is what the control of that name is
        elif one.system == "" and one.id == "empty" and not one.imported:
            controls.append("empty")
        else:
            personas.append(one)
    questions = [_question(question, source) for question in grid[1]]
    sets = [FoundSet(stem=source.stem, questions=questions)]
    shared: dict[str, JsonValue] = {"controls": list(dict.fromkeys(controls))} if controls else {}
    kept = {key: value for key, value in document.items() if key not in ("conditions", "questions")}
    if kept:
        shared["imported"] = kept
    return Found(stem=source.stem, personas=personas, sets=sets, shared=shared, notes=notes)


def _persona(condition: dict[str, JsonValue], number: int, source: Source, notes: list[str]) -> FoundPersona:
    name = str(condition.get("id") or condition.get("name") or f"condition-{number}")
    kept = {key: value for key, value in condition.items() if key not in ("id", "name", "place", "text", "messages")}
    if condition.get("messages"):
        return persona_of_messages(name, condition["messages"], kept, notes, source)
    text, place = condition.get("text"), condition.get("place", "system")
    if text is None:
        return FoundPersona(id=name, placement="none", imported=kept or None)
    if not isinstance(text, str) or not isinstance(place, str) or place not in _PLACES:
        raise source.wrong(f"condition {name}: expected a `text`, and a `place` of {', '.join(_PLACES)}")
    if place == "user-first":
        notes.append(
            f"{name}: its text stands at the head of the question, with an empty line between (`placement: user`)"
        )
    placement = None if place == "system" else _PLACES[place]
    return FoundPersona(id=name, system=text, placement=placement, imported=kept or None)


def _question(question: JsonValue, source: Source) -> FoundQuestion:
    if isinstance(question, str):
        return FoundQuestion(text=question)
    if isinstance(question, dict) and isinstance(question.get("text"), str):
        kept = {key: value for key, value in question.items() if key not in ("id", "text")}
        identity = question.get("id")
        return FoundQuestion(
            id=None if identity is None else str(identity), text=question["text"], imported=kept or None
        )
    raise source.wrong("a question is a text, or an object with `text`")


GRID = Format("grid", "a condition grid: conditions with place and text or messages, and questions", _matches, _read)
