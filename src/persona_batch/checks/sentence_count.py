"""How many sentences a reply has, in any language, by the sentencex library (Wikimedia's rules for abbreviations,
numbers, initials, ellipses and quotations), and by what it leaves open.

A line ends its last sentence, unless it ends in a comma, a colon, a semicolon or a dash. What stands in quotation marks
belongs to the sentence around it; marks around a whole reply are passed over. What holds no letter and no digit (an
emoji, a rule) is no sentence.
"""

import re

from persona_batch.checks.language import language_of

_OPEN_END = (",", "，", "、", ":", "：", ";", "；", "—", "–", "-")
_QUOTES = {"“": "”", "「": "」", "『": "』", '"': '"', "«": "»", "„": "“"}
_EMPHASIS = "*_`#> "
_ITEM = re.compile(r"^(?:[-+•]|\d{1,3}[.)、])\s+")


def sentences_in(text: str) -> int:
    """Return the number of sentences."""
    from sentencex import segment  # a binary, needed for this check alone

    known = text.encode("utf-8", "replace").decode()  # half a surrogate pair is nothing that it takes
    language = language_of(known) or "en"
    return sum(
        any(char.isalnum() for char in sentence)
        for line in _lines(_unquoted(known.strip()))
        for sentence in segment(language, line)
    )


def _lines(text: str) -> list[str]:
    """Return the lines; one that is not at the end of anything goes on in the next."""
    lines: list[str] = []
    for line in re.split(r"\s*\n\s*", text):
        plain = _ITEM.sub("", line.strip(_EMPHASIS)).strip(_EMPHASIS)
        if lines and lines[-1].endswith(_OPEN_END):
            lines[-1] = f"{lines[-1]} {plain}"
        elif plain:
            lines.append(plain)
    return lines


def _unquoted(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    whole = closing is not None and text.endswith(closing) and closing not in text[1:-1] and text[0] not in text[1:-1]
    return text[1:-1] if whole else text
