"""A check as data: its kind, its argument, and whether it is turned round by `not:`."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

CheckKind: TypeAlias = Literal[
    "contains", "not_contains", "regex", "equals", "min_chars", "max_chars", "language", "in_character"
]


@dataclass(frozen=True, slots=True)
class Check:
    """One declared check. `argument` is what the file says (True for `in_character`)."""

    kind: CheckKind
    argument: str | int | bool | tuple[str, ...]
    negated: bool = False

    @property
    def name(self) -> str:
        """The name that records carry: `contains`, `not contains`, …"""
        return f"not {self.kind}" if self.negated else self.kind
