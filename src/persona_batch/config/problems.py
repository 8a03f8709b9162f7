"""Collecting what is wrong, with its place: all problems of all files are reported together."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from persona_batch.credentials import is_key_name, mask
from persona_batch.errors import ConfigError, Problem
from persona_batch.wording import nearest


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands; line and column count from 1 (0: the whole file)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(slots=True)
class Problems:
    """The problems found so far."""

    found: set[Problem] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)
    settled: set[Place] = field(default_factory=set)

    def add(self, place: Place, message: str) -> None:
        """Note one problem; the same one is noted once, and none where all is said."""
        if place in self.settled:
            return
        self.places.add(place)
        self.found.add(Problem(mask(place.file), place.line, place.column, _printable(mask(message))))

    def add_first(self, place: Place, message: str) -> None:
        """Note a problem unless something is wrong at this very place already, which then explains this one."""
        if place not in self.places:
            self.add(place, message)

    def settle(self, *places: Place) -> None:
        """Note nothing more at these places: what else seems wrong there comes from a problem that is noted."""
        self.settled.update(places)

    def raise_if_any(self) -> None:
        """Report everything, sorted by file, line and column.

        Raises:
            ConfigError: at least one problem was found.
        """
        if self.found:
            raise ConfigError(sorted(self.found))


class Unreadable(Exception):
    """A file or a section that cannot be read any further; its problems are noted already."""


def quote(text: str, limit: int = 40) -> str:
    """Return `text` for an error message: on one line, shortened, without keys or control characters."""
    shown = _printable(mask(text))
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    return f"`{shown}`"


def _printable(text: str) -> str:
    """Return `text` with a space for every control character, line feeds among them."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def entry(name: str, value: str) -> str:
    """Return an entry as it is written in a file, for an error message; a secret is left out."""
    return quote(f"{name}: {'…' if is_key_name(name) else value}")


def did_you_mean(name: str, valid: Iterable[str], cutoff: float = 0.6) -> str:
    """Return `, did you mean `x`?` for the nearest valid name, or an empty string."""
    near = nearest(name, valid, cutoff)
    return f", did you mean `{near}`?" if near is not None else ""
