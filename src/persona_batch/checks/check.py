"""A check as data: its kind, what it is told, and the names it goes by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from persona_batch.checks.arguments import Argument, Choice, Custom, Shape, Share
from persona_batch.checks.custom import is_enabled
from persona_batch.checks.language import LANGUAGES

CheckKind: TypeAlias = Literal[
    "contains",
    "not_contains",
    "regex",
    "equals",
    "choice",
    "one_sentence",
    "all_caps",
    "language",
    "share_of",
    "min_chars",
    "max_chars",
    "min_width",
    "max_width",
    "json",
    "in_character",
    "custom",
    "any",
    "all",
]
KINDS: dict[str, CheckKind] = {kind: kind for kind in get_args(CheckKind)}
KEYED: CheckKind = "choice"  # a check against a question's answer: accuracy, not adherence
COMPOSITE = ("any", "all")

_READ: dict[str, type[Argument] | type[Custom]] = {
    "share_of": Share,
    "choice": Choice,
    "json": Shape,
    "custom": Custom,
}

_NUMBERS = ("min_chars", "max_chars", "min_width", "max_width")
_FLAGS = ("one_sentence", "all_caps", "json", "in_character")


@dataclass(frozen=True, slots=True)
class Check:
    """One declared check; `not:` turns it round.

    `argument` is what the file says: a text or several, a number, True, a mapping (`checks.arguments`), and for `any`
    and `all` the checks inside. It may be given as plain values, as a manifest or a record has them.

    Raises:
        ValueError: such an argument does not fit the kind.
    """

    kind: CheckKind
    argument: Any
    negated: bool = False

    def __post_init__(self) -> None:
        argument = self.argument
        if self.kind in COMPOSITE:
            argument = tuple(one if isinstance(one, Check) else check_of(one) for one in argument)
        elif self.kind in _READ and argument is not True and not isinstance(argument, (Argument, Custom)):
            argument = _READ[self.kind].of(argument)
        elif isinstance(argument, list):
            argument = tuple(argument)
        if not _fits(self.kind, argument):
            raise ValueError(f"{argument!r} is nothing that {self.kind!r} takes")
        object.__setattr__(self, "argument", argument)

    @property
    def name(self) -> str:
        """The name that records carry: `contains`, `not contains`, …"""
        return f"not {self.kind}" if self.negated else self.kind

    @property
    def expected(self) -> Any:
        """The argument in plain values, as a file writes it: what a record keeps, and `Check` takes back."""
        if self.kind in COMPOSITE:
            return [one.written for one in self.argument]
        return self.argument.written if isinstance(self.argument, (Argument, Custom)) else self.argument

    @property
    def written(self) -> dict[str, Any]:
        """The whole check, as a file writes it."""
        plain: dict[str, Any] = {self.kind: msgspec.to_builtins(self.expected)}
        return {"not": plain} if self.negated else plain

    @property
    def label(self) -> str:
        """The check on one line of a table: `contains 俺老孙`."""
        argument = self.argument
        if argument is True:
            return self.name
        if self.kind in COMPOSITE:
            return f"{self.name} ({'; '.join(one.label for one in argument)})"
        if isinstance(argument, (Argument, Custom)):
            argument = argument.written
        if isinstance(argument, dict):
            argument = msgspec.json.encode(argument).decode()
        return f"{self.name} {', '.join(argument) if isinstance(argument, (tuple, list)) else argument}"

    def within(self) -> Iterator["Check"]:
        """Yield it, and the checks inside it."""
        yield self
        if self.kind in COMPOSITE:
            for one in self.argument:
                yield from one.within()

    @property
    def runnable(self) -> bool:
        """Whether no check in Python is inside that may not be called."""
        return all(one.kind != "custom" or is_enabled(one.argument.name) for one in self.within())

    @property
    def keyed(self) -> bool:
        """Whether it goes by the question's answer, or a check inside it does."""
        return any(one.kind == KEYED for one in self.within())


def _fits(kind: CheckKind, argument: object) -> bool:
    if kind in _NUMBERS:
        return isinstance(argument, int) and argument is not True
    if kind in _FLAGS and argument is True:
        return True
    if kind == "language":
        return argument in LANGUAGES
    if kind in _READ or kind in COMPOSITE:
        return isinstance(argument, (Argument, Custom, tuple))
    texts = argument if kind in ("contains", "not_contains") and isinstance(argument, tuple) else (argument,)
    return kind not in _FLAGS and all(isinstance(text, str) for text in texts)


def check_of(written: object) -> Check:
    """Return the check that a file, a record or a manifest says in plain values.

    Raises:
        ValueError: it says none.
    """
    negated = False
    if isinstance(written, dict) and "kind" in written:
        kind, argument, negated = written["kind"], written.get("argument"), written.get("negated", False)
    else:
        if isinstance(written, dict) and set(written) == {"not"}:
            written, negated = written["not"], True
        if not isinstance(written, dict) or len(written) != 1:
            raise ValueError(f"found {written!r}, expected one check")
        ((kind, argument),) = written.items()
    if kind not in KINDS:
        raise ValueError(f"there is no check {kind!r}")
    return Check(KINDS[kind], argument, bool(negated))
