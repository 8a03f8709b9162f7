"""Characters of text-generation-webui (YAML) and of Pygmalion (JSON), as that program makes prompts of them.

`context` is the whole prompt, example dialogue in it included: the program sends it so, and so it is sent here.
"""

from typing import TypeGuard

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.characters.dialogue import read_dialogue
from persona_batch.exchange.sources.characters.macros import Macros
from persona_batch.exchange.sources.fields import Fields, kept_note
from persona_batch.exchange.sources.found import Format, Found, FoundExample, FoundPersona, ImportOptions

_BOT = ("name", "bot", "<|bot|>", "char_name")
_USER = ("your_name", "user", "<|user|>")
_OTHERS = frozenset({"system", "personas", "question", "questions", "tests", "prompts", "messages"})


def _is_character(value: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    if not isinstance(value, dict) or _OTHERS & value.keys():
        return False
    named = any(isinstance(value.get(name), str) for name in _BOT)
    pygmalion = "char_persona" in value or ("char_name" in value and "char_greeting" in value)
    return pygmalion or (isinstance(value.get("context"), str) and named and "turn_template" not in value)


def _read(source: Source, options: ImportOptions) -> Found:
    document = source.json if source.suffix == ".json" else source.yaml
    if not isinstance(document, dict):
        raise source.wrong("no character: the document is no mapping")
    notes: list[str] = []
    fields = Fields({str(name): value for name, value in document.items()}, notes)
    name, given = fields.text(*_BOT), fields.text(*_USER)
    user = given if given.strip() and options.user == ImportOptions().user else options.user
    macros = Macros(name if name.strip() else source.stem, user)
    parts = [macros.filled(fields.text("context"))]
    if not parts[0]:
        parts = [
            macros.filled(f"{head}{text}")
            for head, text in (
                (f"{macros.char}'s Persona: ", fields.text("char_persona")),
                ("Scenario: ", fields.text("world_scenario", "scenario")),
            )
            if text.strip()
        ]
    dialogue = read_dialogue(fields.text("example_dialogue"), user=[user, "You"], char=[name], notes=notes)
    if not dialogue.whole:
        fields.taken.discard("example_dialogue")
    examples = [
        FoundExample(
            user=None if turn.user is None else macros.filled(turn.user), assistant=macros.filled(turn.assistant)
        )
        for turn in dialogue.examples
    ]
    greeting = macros.filled(fields.text("greeting", "char_greeting"))
    if greeting.strip():
        examples.append(FoundExample(assistant=greeting))
    system = "\n".join(part for part in parts if part.strip())
    if not system and not examples:
        raise source.wrong("a character without a text to send; `context` and `greeting` say nothing")
    macros.note_left(notes)
    imported = fields.rest()
    kept_note(imported, notes)
    persona = FoundPersona(
        name=name if name.strip() else None, system=system or None, examples=examples or None, imported=imported or None
    )
    return Found(stem=source.stem, personas=[persona], notes=notes, macros=True)


WEBUI = Format(
    "webui",
    "characters of text-generation-webui (YAML) and Pygmalion (JSON)",
    lambda source: _is_character(source.yaml_or_none) or _is_character(source.json_or_none),
    _read,
)
