"""Macros of characters' texts (`{{char}}`, `<USER>`, `{{reverse:…}}`), as the specification of cards V3 has them.

What stands for one text is filled in. What is drawn by chance, or known to one app only, stays as it is, and is said:
a prompt that differs from one request to the next is no condition of an experiment.
"""

import re
from dataclasses import dataclass, field

from persona_batch.exchange.sources.fields import one_line
from persona_batch.wording import listed

_NAMES = re.compile(r"\{\{[ \t]*(char|user)[ \t]*\}\}|<(bot|user)>", re.IGNORECASE)
_NAMES_V3 = re.compile(r"\{\{[ \t]*(char|user)[ \t]*\}\}|<(bot|char|user)>", re.IGNORECASE)
_MACRO = re.compile(r"\{\{([^{}]*)\}\}")
_SILENT = re.compile(r"//|(?:comment|hidden_key)\s*:", re.IGNORECASE)
_REVERSE = re.compile(r"reverse\s*::?", re.IGNORECASE)
_OWN_LINE = re.compile(r"^[ \t]*\{\{[ \t]*original[ \t]*\}\}[ \t]*(?:\r?\n|\Z)", re.IGNORECASE | re.MULTILINE)
_ORIGINAL = re.compile(r"\{\{[ \t]*original[ \t]*\}\}", re.IGNORECASE)
_HEAD = re.compile(r"[^:\s]*:{0,2}")


@dataclass(slots=True)
class Macros:
    """Fills in who speaks; `left` are the macros that stayed as text, by their heads."""

    char: str
    user: str
    v3: bool = False
    left: dict[str, None] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """Return a text with all that can be filled in."""
        named = (_NAMES_V3 if self.v3 else _NAMES).sub(self._name, text)
        return _MACRO.sub(self._other, named)

    def without_original(self, text: str, notes: list[str]) -> str:
        """Return a prompt without `{{original}}`, an app's own prompt: there is none here, which is noted."""
        shorter = _ORIGINAL.sub("", _OWN_LINE.sub("", text))
        if shorter != text:
            notes.append("`{{original}}` stands for the prompt that an app puts in by itself; there is none here")
        return shorter

    def note_left(self, notes: list[str]) -> None:
        """Note the macros that stayed as text."""
        if self.left:
            heads = [f"`{{{{{head}}}}}`" for head in self.left]
            notes.append(f"macros that have no one value stay as text: {listed(heads, 8)}")

    def _name(self, found: re.Match[str]) -> str:
        return self.user if (found[1] or found[2]).lower() == "user" else self.char

    def _other(self, found: re.Match[str]) -> str:
        said = found[1].lstrip()
        if _SILENT.match(said):
            return ""
        if turned := _REVERSE.match(said):
            return said[turned.end() :][::-1]
        head = _HEAD.match(said)
        name = one_line(head[0] if head else said)
        if name:
            self.left.setdefault(f"{name}…" if name.endswith(":") else name)
        return found[0]
