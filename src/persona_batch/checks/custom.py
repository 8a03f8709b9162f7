"""Checks of the user's own, in Python: entry points of the group `persona_batch.checks`.

Installing a package must not make it judge replies, nor a file of somebody else run code: a check is called only where
its name was given on the command line (`enable`).

An entry point names a callable `check(reply: str, **given) -> bool | str`, with what the file gives beside the name.
True passes; False fails, and so does a text, which is the reason.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from persona_batch.checks.arguments import Custom
from persona_batch.checks.quoting import quoted
from persona_batch.errors import UsageError
from persona_batch.wording import meant

GROUP = "persona_batch.checks"

_enabled: dict[str, Callable[..., object]] = {}  # of this process, and of those forked from it


class Undecided(Exception):
    """It cannot be said whether a reply passes; the words say why."""


def enable(names: Iterable[str]) -> None:
    """Load the checks of these names, so that they are called from now on.

    Raises:
        UsageError: there is none of a name, or it cannot be loaded.
    """
    from importlib.metadata import entry_points  # reads the metadata of all that is installed

    names = list(dict.fromkeys(names))
    if not names:
        return
    there = {point.name: point for point in entry_points(group=GROUP)}
    for name in names:
        if name not in there:
            raise UsageError(
                f"--custom-check {name}: no installed package has a check of that name; {meant(name, there)}"
            )
        try:
            check = there[name].load()
        except Exception as error:
            raise UsageError(f"--custom-check {name}: {there[name].value} cannot be loaded: {_told(error)}") from error
        if not callable(check):
            raise UsageError(f"--custom-check {name}: {there[name].value} is no function")
        _enabled[name] = check


def is_enabled(name: str) -> bool:
    """Say whether a check may be called."""
    return name in _enabled


def called(custom: Custom, reply: str) -> tuple[bool, str]:
    """Return whether a reply passes, and what was found.

    Raises:
        Undecided: the check is not enabled, raised an error, or returned something else than it may.
    """
    check = _enabled.get(custom.name)
    if check is None:
        raise Undecided(f"not run: name it by `--custom-check {custom.name}`")
    given: dict[str, Any] = msgspec.json.decode(custom.given)
    try:
        said = check(reply, **given)
    except Exception as error:  # a stranger's code must not end a run
        raise Undecided(f"{custom.name} raised {_told(error)}") from error
    if isinstance(said, str):
        return False, said or f"{custom.name} failed"
    if said is True or said is False:
        return said, f"{custom.name} {'passed' if said else 'failed'}"
    raise Undecided(f"{custom.name} returned {quoted(repr(said))}, expected True, False or a reason")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
