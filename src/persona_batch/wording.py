"""How things are told to a user, alike everywhere."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return `a, b and 3 more`; an empty text for no names."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
