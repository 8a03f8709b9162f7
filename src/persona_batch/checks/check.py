"""A check as data, and whether a reply passes it; pure, and bounded in time."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from persona_batch.checks.language import is_written_in
from persona_batch.checks.pattern import found_in

CheckKind: TypeAlias = Literal[
    "contains", "not_contains", "regex", "equals", "min_chars", "max_chars", "language", "in_character"
]


@dataclass(frozen=True, slots=True)
class Check:
    """One declared check. `argument` is what the file says (True for `in_character`); `not:` turns it round."""

    kind: CheckKind
    argument: str | int | bool | tuple[str, ...]
    negated: bool = False

    @property
    def name(self) -> str:
        """The name that records carry: `contains`, `not contains`, …"""
        return f"not {self.kind}" if self.negated else self.kind


def evaluate(check: Check, reply: str) -> bool:
    """Say whether the reply passes.

    Text is compared as written, upper and lower case apart (`regex: (?i)…` for both). A list under `contains` asks
    for one of its texts, under `not_contains` for none of them. `equals` and the lengths leave out white space
    around the reply; lengths count Unicode characters. A pattern that cannot be searched in time fails the
    check, under `not` too.
    """
    try:
        return _holds(check, reply) is not check.negated
    except TimeoutError:
        return False


def _holds(check: Check, reply: str) -> bool:
    argument = check.argument
    match check.kind:
        case "contains":
            return any(text in reply for text in _texts(argument))
        case "not_contains":
            return not any(text in reply for text in _texts(argument))
        case "equals":
            return reply.strip() == str(argument).strip()
        case "min_chars":
            return len(reply.strip()) >= int(str(argument))
        case "max_chars":
            return len(reply.strip()) <= int(str(argument))
        case "regex":
            return found_in(str(argument), reply)
        case "language":
            return is_written_in(reply, str(argument))
        case "in_character":
            from persona_batch.checks.markers import breaks_character  # its patterns cost a start that needs none

            return not breaks_character(reply)


def _texts(argument: str | int | bool | tuple[str, ...]) -> tuple[str, ...]:
    return argument if isinstance(argument, tuple) else (str(argument),)
