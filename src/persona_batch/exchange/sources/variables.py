"""Places in a prompt that another tool would fill in: with us they are text, which is said."""

import re

from persona_batch.config.problems import quote

_VARIABLE = re.compile(
    r"\{\{\s*[^{}]{1,60}\}\}|\$\{[A-Za-z_][\w:.-]{0,40}\}|(?<!\{)\{[A-Za-z_][A-Za-z0-9_]{0,40}\}(?!\})"
)
_TOLD = 5


def unfilled_in(text: str, notes: list[str]) -> None:
    """Add a note for the first prompt of a source that has such places."""
    if not any(sign in text for sign in ("{",)) or any(note.startswith(_BEGINS) for note in notes):
        return
    found = list(dict.fromkeys(match[0] for match in _VARIABLE.finditer(text)))
    if found:
        notes.append(f"{_BEGINS} {', '.join(quote(one) for one in found[:_TOLD])}")


_BEGINS = "not filled in, and sent as it stands:"
