"""Colours of the terminal, and when to use them.

Each message has a background of its own, 41 to 46 and then round again (ECMA-48 SGR), with a foreground that is
readable on it in the common palettes. `NO_COLOR` as in https://no-color.org, `FORCE_COLOR` as in
https://force-color.org.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO, TypeAlias

When: TypeAlias = Literal["auto", "always", "never"]

BACKGROUNDS = ("97;41", "30;42", "30;43", "97;44", "30;45", "30;46")

_RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Palette:
    """Paints text, or leaves it alone where there is no colour."""

    color: bool

    def message(self, number: int, text: str) -> str:
        """Return `text` on the background of the message with that number, from 0."""
        return self._paint(BACKGROUNDS[number % len(BACKGROUNDS)], text)

    def bold(self, text: str) -> str:
        """Return `text` in bold."""
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        """Return `text` faint: what is said about the thing rather than the thing."""
        return self._paint("2", text)

    def bad(self, text: str) -> str:
        """Return `text` in red: something failed."""
        return self._paint("31", text)

    def good(self, text: str) -> str:
        """Return `text` in green."""
        return self._paint("32", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.color and text else text


def palette_for(stream: TextIO, when: When = "auto", env: Mapping[str, str] | None = None) -> Palette:
    """Return the palette for `stream`: colours on a terminal unless `NO_COLOR` is set; `when` overrides both."""
    if when != "auto":
        return Palette(when == "always")
    env = os.environ if env is None else env
    if env.get("NO_COLOR"):
        return Palette(False)
    if env.get("FORCE_COLOR"):
        return Palette(True)
    return Palette(stream.isatty() and not is_dumb(env))


def is_dumb(env: Mapping[str, str]) -> bool:
    """Say whether the terminal knows no colours and moves no cursor."""
    return env.get("TERM") in ("dumb", "unknown")
