"""A character card (V1, V2 or V3) → a persona: its parts in the order in which apps send them.

The prompt is the card's own system prompt, then description, personality and scenario, with the constant texts of its
lorebook at their places; a blank line stands between them. Example dialogue becomes `examples`, the first message a
greeting behind them.
"""

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.characters.dialogue import read_dialogue
from persona_batch.exchange.sources.characters.lorebook import Lore, read_lore
from persona_batch.exchange.sources.characters.macros import Macros
from persona_batch.exchange.sources.fields import Fields, kept_note, without_blobs
from persona_batch.exchange.sources.found import FoundExample, FoundPersona, ImportOptions

V2, V3 = "chara_card_v2", "chara_card_v3"
_PARTS = ("description", "personality", "scenario", "first_mes", "mes_example")
_PYGMALION = {  # beside V1's own, as some editors write both
    "char_name": "name",
    "char_persona": "description",
    "world_scenario": "scenario",
    "char_greeting": "first_mes",
    "example_dialogue": "mes_example",
}
_OUTSIDE = "outside_data"  # what stands beside `data` and not in it
_OTHERS = ("alternate_greetings", "group_only_greetings")


def is_card(value: JsonValue) -> TypeGuard[Mapping[str, JsonValue]]:
    """Say whether a document is a character card of any version."""
    if not isinstance(value, dict):
        return False
    if isinstance(spec := value.get("spec"), str) and spec.startswith("chara_card"):
        return True
    inner = value.get("data")
    data = inner if isinstance(inner, dict) and inner else value
    known = sum(name in data for name in _PARTS)
    return known >= 3 or (known >= 1 and "name" in data and ("first_mes" in data or "mes_example" in data))


def read_card(card: JsonValue, source: Source, options: ImportOptions, notes: list[str]) -> FoundPersona:
    """Return the persona of a card.

    Raises:
        UsageError: it is no card, or holds no text that could be sent.
    """
    data = _data_of(card, source, notes)
    assert isinstance(card, dict)
    fields = Fields(data, notes)
    v3 = card.get("spec") == V3
    name = fields.text("name")
    nickname = fields.text("nickname") if v3 else ""
    if not name.strip():
        notes.append("the card has no `name`; the file's stands for it")
    macros = Macros((nickname if nickname.strip() else name) or source.stem, options.user, v3)
    lore = read_lore(fields.mapping("character_book"), notes)
    parts = [macros.filled(part) for part in _parts(fields, macros, lore, notes) if part.strip()]
    examples = _examples(fields, macros, [name, nickname], notes)
    if not parts and not examples:
        raise source.wrong("a card without a text to send; description, personality and scenario say nothing")
    macros.note_left(notes)
    _tell_unsent(fields, notes)
    fields.take("name", *(old for old, new in _PYGMALION.items() if data.get(old) == data.get(new)))
    if fields.data.get("nickname") != name:
        fields.taken.discard("nickname")
    imported = {**_version(card), **fields.rest(), **_outside(card, data, notes)}
    kept_note({key: value for key, value in imported.items() if key not in ("spec", "spec_version")}, notes)
    return FoundPersona(
        name=name if name.strip() else None,
        system="\n\n".join(parts) if parts else None,
        examples=examples or None,
        imported=imported or None,
    )


def _data_of(card: JsonValue, source: Source, notes: list[str]) -> Mapping[str, JsonValue]:
    if not isinstance(card, dict):
        raise source.wrong("no character card: the document is no mapping")
    spec = card.get("spec")
    data = card.get("data")
    if spec is not None and spec not in (V2, V3):
        notes.append("a card of an unknown version; it is read as the versions that are known")
    if isinstance(data, dict) and not (not data and any(name in card for name in _PARTS)):
        if spec == V3 and _number(card.get("spec_version")) > 3:
            notes.append("a card of a later version than 3.0; what is new in it is kept, not sent")
        return data
    if spec in (V2, V3) and not is_card({name: value for name, value in card.items() if name != "spec"}):
        raise source.wrong("`data` of the card is missing, or no mapping; export it again")
    if not is_card(card):
        raise source.wrong("no character card: it has none of " + ", ".join(f"`{name}`" for name in _PARTS))
    return {name: value for name, value in card.items() if name not in ("spec", "spec_version", "data")}


def _parts(fields: Fields, macros: Macros, lore: Lore, notes: list[str]) -> Iterator[str]:
    yield macros.without_original(fields.text("system_prompt"), notes)
    yield from (*lore.at("before_char"), *lore.at("before_desc"))
    yield fields.text("description")
    yield from lore.at("after_desc")
    yield fields.text("personality")
    yield from lore.at("personality")
    yield fields.text("scenario")
    yield from (*lore.at("scenario"), *lore.at("after_char"))


def _examples(fields: Fields, macros: Macros, names: list[str], notes: list[str]) -> list[FoundExample]:
    written = fields.text("mes_example")
    dialogue = read_dialogue(written, user=[macros.user], char=[*names, macros.char], notes=notes)
    if not dialogue.whole:
        fields.taken.discard("mes_example")
    turns = [
        FoundExample(user=None if turn.user is None else macros.filled(turn.user), assistant=said)
        for turn in dialogue.examples
        if (said := macros.filled(turn.assistant)).strip()
    ]
    greeting = macros.filled(fields.text("first_mes"))
    return [*turns, FoundExample(assistant=greeting)] if greeting.strip() else turns


def _tell_unsent(fields: Fields, notes: list[str]) -> None:
    """Note what apps send and no file of ours has a place for."""
    if fields.text("post_history_instructions").strip():
        notes.append(
            "`post_history_instructions` stand behind the talk in apps, where nothing can stand here: not sent"
        )
    fields.taken.discard("post_history_instructions")
    others = {name: len(fields.texts(name)) for name in _OTHERS}
    notes += [f"`{name}` are kept, not sent ({number})" for name, number in others.items() if number]
    more = fields.mapping("extensions")
    deep = more.get("depth_prompt")
    if isinstance(deep, dict) and isinstance(deep.get("prompt"), str) and deep["prompt"].strip():
        notes.append("`depth_prompt` stands within the talk in apps, where nothing can stand here: not sent")
    if assets := list(fields.mappings("assets")):
        notes.append(f"`assets` are known by name, none is read ({len(assets)})")


def _version(card: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: card[name] for name in ("spec", "spec_version") if card.get(name)}


def _outside(card: Mapping[str, JsonValue], data: Mapping[str, JsonValue], notes: list[str]) -> dict[str, JsonValue]:
    """Return what stands beside `data` and does not repeat it, as cards of V2 do for readers of V1."""
    if not isinstance(card.get("data"), dict) or not data or data is not card["data"]:
        return {}
    beside = {
        name: value
        for name, value in card.items()
        if name not in ("spec", "spec_version", "data") and value not in ("", None, [], {}) and data.get(name) != value
    }
    if beside.get("creatorcomment") == data.get("creator_notes"):
        beside.pop("creatorcomment", None)
    return {_OUTSIDE: without_blobs(beside, notes)} if beside else {}


def _number(value: JsonValue) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
