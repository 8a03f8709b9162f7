"""A key that does not show itself."""

import hashlib
from typing import final

from persona_batch.errors import UsageError


@final
class Secret:
    """Holds a key; its text appears only by `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself: for the request's header, nothing else."""
        return self._value

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that tell keys apart without giving them away (BLAKE2b)."""
        return hashlib.blake2b(self._value.encode(), digest_size=8, person=b"batch-key").hexdigest()

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not written anywhere")


def checked_key(value: str, variable: str) -> Secret:
    """Return the key that `variable` held.

    Raises:
        UsageError: it cannot be a key; the message does not show it.
    """
    if not value.isascii() or not value.isprintable() or " " in value:
        raise UsageError(
            f"the key in {variable} has a space, a line break or a character outside ASCII in it; "
            "copy it again (in .env: one line, no quotes needed)"
        )
    return Secret(value)
