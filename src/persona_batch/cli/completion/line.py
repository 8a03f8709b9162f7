"""A command line that is being typed: which command, which options and arguments stand there, and what is to come."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

WORDS: Final = "words.json"
"""The commands, their options and the names these take, as `generate` writes them."""


@cache
def known_words() -> dict[str, Any]:
    """Return what `generate` wrote down."""
    table: dict[str, Any] = json.loads(files(__package__).joinpath(WORDS).read_text(encoding="utf-8"))
    return table


@dataclass
class Line:
    """What stands before the word under the cursor.

    `command`: its words, as `schedule add`; `given`: option (by its first name) to values; `arguments`: the others;
    `waits`: the option whose value comes next; `ended`: after `--`, where nothing is an option any more.
    """

    table: dict[str, Any]
    command: str = ""
    given: dict[str, list[str]] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    waits: dict[str, Any] | None = None
    ended: bool = False

    @classmethod
    def of(cls, words: Sequence[str], table: dict[str, Any]) -> "Line":
        """Read the words behind the program's name, all but the one under the cursor."""
        line = cls(table)
        for word in words:
            line._take(word)
        return line

    @property
    def commands(self) -> dict[str, str]:
        """What may stand here as a command: name to help."""
        if self.arguments or self.ended:
            return {}
        before = f"{self.command} " if self.command else ""
        below = [name for name in self.table["commands"] if name.startswith(before)]
        return {
            name.removeprefix(before): self.table["commands"][name]["help"]
            for name in below
            if " " not in name.removeprefix(before)
        }

    @property
    def options(self) -> list[dict[str, Any]]:
        """The options of the command; `schedule add` takes those of `run`, too."""
        own = self._facts(self.command).get("options", [])
        return [*own, *self._facts("run")["options"]] if self.command == "schedule add" else own

    @property
    def argument(self) -> str:
        """The metavar of the argument that comes next, an empty string where none does."""
        known = self._facts(self.command).get("arguments", [])
        place = len(self.arguments)
        if place < len(known):
            return _plain(known[place]["metavar"])
        return _plain(known[-1]["metavar"]) if known and known[-1]["several"] else ""

    @property
    def typed_arguments(self) -> list[tuple[str, str]]:
        """The arguments that are there, each with its metavar."""
        known = self._facts(self.command).get("arguments", [])
        return [
            (_plain(known[min(place, len(known) - 1)]["metavar"]), word)
            for place, word in enumerate(self.arguments)
            if known
        ]

    def option(self, name: str) -> dict[str, Any] | None:
        """Return what is known of an option of this command."""
        return next((option for option in self.options if name in option["names"]), None)

    def value_of(self, name: str, default: str) -> str:
        """Return the last value that an option was given."""
        option = self.option(name)
        return self.given.get(option["names"][0], [default])[-1] if option else default

    def _facts(self, command: str) -> dict[str, Any]:
        facts: dict[str, Any] = self.table["commands"].get(command, {})
        return facts

    def _take(self, word: str) -> None:
        if self.waits is not None and not (self.waits["bare"] and word.startswith("-")):
            self.given.setdefault(self.waits["names"][0], []).append(word)
            self.waits = None
        elif word == "--" and not self.ended:
            self.ended, self.waits = True, None
        elif word.startswith("-") and not self.ended:
            self.waits = None
            name, equals, value = word.partition("=")
            option = self.option(name)
            if option is None:
                return
            if option["flag"] or equals:
                self.given.setdefault(option["names"][0], []).append(value)
            else:
                self.waits = option
        elif word in self.commands:
            self.command = f"{self.command} {word}".strip()
        elif not (word == "help" and not self.command):
            self.arguments.append(word)


def _plain(metavar: str) -> str:
    """Return the first word of a metavar without its brackets and dots: `FILE` for `FILE...`, `RUN` for `RUN2`."""
    words = str(metavar).replace("…", " ").replace("...", " ").split()
    return words[0].strip("[]").rstrip("0123456789") if words else ""
