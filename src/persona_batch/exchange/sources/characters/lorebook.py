"""Lorebooks of characters: what is always part of the prompt, and what depends on the talk.

An entry with keys is sent by apps once somebody says one of them; a condition of an experiment cannot hang on that, so
it is kept and said. One that is `constant` is part of the prompt, at its place.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from persona_batch.chat import JsonValue
from persona_batch.exchange.sources.fields import Fields

Spot: TypeAlias = Literal["before_char", "before_desc", "after_desc", "personality", "scenario", "after_char"]

_DECORATOR = re.compile(r"^[ \t]*(@@@?)([A-Za-z_]+)[ \t]*([^\r\n]*)(?:\r?\n|\Z)", re.MULTILINE)
_SPOTS: dict[str, Spot] = {
    "before_desc": "before_desc",
    "after_desc": "after_desc",
    "personality": "personality",
    "scenario": "scenario",
}
_BY_TALK = {
    "activate_only_after",
    "activate_only_every",
    "additional_keys",
    "exclude_keys",
    "ignore_on_max_context",
    "is_user_icon",
}
_IN_CHAT = {"depth", "instruct_depth", "reverse_depth", "reverse_instruct_depth"}


@dataclass(slots=True)
class Lore:
    """The texts that are part of the prompt, by place and in order."""

    texts: dict[Spot, list[str]] = field(default_factory=dict)

    def at(self, spot: Spot) -> list[str]:
        """Return the texts of a place."""
        return self.texts.get(spot, [])


@dataclass(slots=True)
class _Counts:
    keyed: int = 0
    moved: int = 0
    decorated: int = 0


def read_lore(book: Mapping[str, JsonValue], notes: list[str]) -> Lore:
    """Return what a lorebook adds to the prompt whatever is talked about; the rest is noted."""
    lore, counts = Lore(), _Counts()
    entries = [Fields(entry, notes) for entry in Fields(book, notes).mappings("entries")]
    for entry in sorted(entries, key=_order):
        if entry.data.get("enabled") is False or entry.data.get("disable") is True:
            continue
        written = entry.text("content")
        decorators = _decorators(written)
        text = _DECORATOR.sub("", written).strip("\r\n") if decorators else written
        counts.decorated += bool(decorators)
        if not text.strip():
            continue
        if not _is_constant(entry, decorators):
            counts.keyed += 1
            continue
        lore.texts.setdefault(_spot(entry, decorators), []).append(text)
        counts.moved += not _IN_CHAT.isdisjoint(decorators)
    _tell(lore, counts, notes)
    return lore


def _tell(lore: Lore, counts: _Counts, notes: list[str]) -> None:
    if always := sum(map(len, lore.texts.values())):
        notes.append(f"lorebook: constant texts stand in the prompt ({always})")
    if counts.keyed:
        notes.append(f"lorebook: texts that hang on what is said, or on chance, are kept, not sent ({counts.keyed})")
    if counts.moved:
        notes.append(f"lorebook: texts for a place within the talk stand in the prompt ({counts.moved})")
    if counts.decorated:
        notes.append("lorebook: lines with `@@` are instructions to an app, and never sent")


def _order(entry: Fields) -> float:
    order = entry.data.get("insertion_order", entry.data.get("order"))
    return float(order) if isinstance(order, int | float) and abs(order) < 1e15 else 0.0


def _decorators(text: str) -> dict[str, str]:
    """Return the decorators of an entry by name; those that stand in for unknown ones (`@@@`) count too."""
    found: dict[str, str] = {}
    for match in _DECORATOR.finditer(text):
        found.setdefault(match[2].lower(), match[3].strip())
    return found


def _is_constant(entry: Fields, decorators: Mapping[str, str]) -> bool:
    if "activate" in decorators:
        return True
    if "dont_activate" in decorators or not _BY_TALK.isdisjoint(decorators):
        return False
    if decorators.get("is_greeting", "0") != "0" or decorators.get("role", "system") != "system":
        return False
    more = entry.data.get("extensions")
    chance = more.get("probability") if isinstance(more, dict) and more.get("useProbability", True) else None
    if isinstance(chance, int | float) and chance < 100:
        return False
    return entry.data.get("constant") is True and entry.data.get("use_regex") is not True


def _spot(entry: Fields, decorators: Mapping[str, str]) -> Spot:
    if (named := _SPOTS.get(decorators.get("position", ""))) is not None:
        return named
    more = entry.data.get("extensions")
    position = entry.data.get("position", more.get("position") if isinstance(more, dict) else None)
    return "before_char" if position in ("before_char", 0) and position is not False else "after_char"
