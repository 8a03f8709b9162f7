"""Checks as declared, rebuilt from the results that a persona's own records carry."""

from collections.abc import Iterable
from typing import get_args

from persona_batch.checks import Check, CheckKind
from persona_batch.record import CheckResult

KEYED = "choice"  # a check against a question's key: accuracy, not adherence
_KINDS: dict[str, CheckKind] = {kind: kind for kind in get_args(CheckKind) if kind != KEYED}


def declared_checks(results: Iterable[CheckResult]) -> tuple[Check, ...]:
    """Return the checks behind these results.

    Checks against a key are left out, and those of an unknown kind or without their argument.
    """
    found = []
    for result in results:
        negated = result.check.startswith("not ")
        kind = _KINDS.get(result.check.removeprefix("not "))
        if kind is None or (result.expected is None and kind != "in_character"):
            continue
        argument = tuple(result.expected) if isinstance(result.expected, list) else result.expected
        found.append(Check(kind, True if argument is None else argument, negated))
    return tuple(found)


def check_label(check: Check) -> str:
    """Return the check as a row's name: `contains 俺老孙`."""
    if check.argument is True:
        return check.name
    argument = check.argument
    shown = ", ".join(argument) if isinstance(argument, tuple) else str(argument)
    return f"{check.name} {shown}"
