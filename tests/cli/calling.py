"""What the fixture `call` gives and returns."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Called(NamedTuple):
    """What a call of the command line came to."""

    code: int
    out: str
    err: str


Call: TypeAlias = Callable[..., Called]
