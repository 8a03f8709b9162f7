"""User-written patterns, searched under a time limit: a catastrophic pattern must not hang a run.

The `regex` module is a superset of the standard library's syntax and can stop a search that takes too long.
"""

import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

SEARCH_SECONDS = 1.0


class PatternError(ValueError):
    """The pattern cannot be compiled."""


def flaw_of(pattern: str) -> str | None:
    """Say what is wrong with a pattern, or None.

    What the standard library compiles is right, and needs no `regex` to be imported for looking at a file; but for
    braces, which `regex` may read as approximate matching.
    """
    if "{" not in pattern and _is_plainly_right(pattern):
        return None
    try:
        compile_pattern(pattern)
    except PatternError as error:
        return str(error)
    return None


def _is_plainly_right(pattern: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what Python warns of, `regex` may read in another way
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError, Warning):
            return False
    return True


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> "regex.Pattern[str]":
    """Compile a pattern; `(?i)`, `(?m)` and `(?s)` at its start work as in Python.

    Raises:
        PatternError: the pattern is malformed.
    """
    import regex

    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise PatternError(str(error) or type(error).__name__) from error


def first_in(pattern: str, text: str) -> str | None:
    """Return what the pattern finds first in the text: its first group, where that took part, or the whole match.

    Raises:
        PatternError: the pattern is malformed.
        TimeoutError: the search took longer than `SEARCH_SECONDS`.
    """
    match = compile_pattern(pattern).search(text, timeout=SEARCH_SECONDS)
    if match is None:
        return None
    group: str | None = match[1] if match.re.groups else None
    return match[0] if group is None else group


def found_in(pattern: str, text: str) -> str | None:
    """Return the first match of the pattern in the text, or None.

    Raises:
        PatternError: the pattern is malformed.
        TimeoutError: the search took longer than `SEARCH_SECONDS`.
    """
    match = compile_pattern(pattern).search(text, timeout=SEARCH_SECONDS)
    return None if match is None else match[0]
