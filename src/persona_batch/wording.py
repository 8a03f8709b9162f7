"""How things are told to a user, alike everywhere."""

from collections.abc import Sequence


def counted(number: int, thing: str) -> str:
    """Return `1 record`, `2,000 records`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return `a, b and 3 more`; an empty text for no names."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
