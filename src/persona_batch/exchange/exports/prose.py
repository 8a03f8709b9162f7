"""Texts of others in Markdown: what they hold stays text, whatever it looks like."""

import re

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&!$^]|^[-+=])")
_NUMBER = re.compile(r"^(\d+)([.)])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_TICKS = re.compile("`+")


def plain(text: str) -> str:
    """Return a text on one line, for headings and tables."""
    return _NUMBER.sub(r"\1\\\2", _MARKS.sub(r"\\\1", " ".join(_CONTROL.sub(" ", text).split())))


def fenced(text: str, language: str = "text") -> str:
    """Return a text as a fenced block that nothing in it ends, with a line feed behind."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"
