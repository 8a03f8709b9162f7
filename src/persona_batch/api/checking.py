"""The values of arguments: what a command line's parser would refuse is refused here too."""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from inspect import iscoroutinefunction
from typing import Any

from persona_batch.chat import JsonValue, Params
from persona_batch.config.inline import plain_value
from persona_batch.config.problems import Problems, quote
from persona_batch.errors import UsageError
from persona_batch.pricing.price import read_amount
from persona_batch.wording import meant, seconds_of


def wrong(name: str, value: object, expected: str) -> UsageError:
    """Return the error of an argument that is not what it should be; what looks like a key is left out of it."""
    shown = quote(repr(value), 60)[1:-1]
    return UsageError(f"{name}={shown}: expected {expected}")


def whole(name: str, value: int | None, least: int | None = None) -> int | None:
    """Return a whole number; None stays.

    Raises:
        UsageError: it is none, or less than `least`.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__") or (least is not None and value < least):
        raise wrong(name, value, "a whole number" if least is None else f"a whole number, at least {least}")
    return value.__index__()


def number(name: str, value: float | None, least: float, most: float = math.inf) -> float | None:
    """Return a number; None stays.

    Raises:
        UsageError: it is none, or out of bounds.
    """
    if value is None:
        return None
    is_number = hasattr(value, "__float__") and not isinstance(value, (bool, str))
    if not is_number or not least <= value <= most or not math.isfinite(value):
        bounds = f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        raise wrong(name, value, f"a number, {bounds}")
    return value if isinstance(value, (int, float)) else float(value)


def flag(name: str, value: bool) -> bool:
    """Return true or false.

    Raises:
        UsageError: it is neither.
    """
    if not isinstance(value, bool):
        raise wrong(name, value, "True or False")
    return value


def text(name: str, value: str | None) -> str | None:
    """Return a text that is not empty; None stays.

    Raises:
        UsageError: it is none.
    """
    if value is not None and (not isinstance(value, str) or not value or not is_utf8(value)):
        raise wrong(name, value, "text")
    return value


def texts(name: str, value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return one text or several.

    Raises:
        UsageError: one of them is none.
    """
    if value is None:
        return ()
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(one, str) and one and is_utf8(one) for one in found):
        raise wrong(name, value, "text, or a list of texts")
    return found


def one_of(name: str, value: str, known: Iterable[str]) -> None:
    """Check that a text is a known word.

    Raises:
        UsageError: it is not.
    """
    words = list(known)
    if value not in words:
        raise UsageError(f"{name}={value!r}: {meant(str(value), words)}")


def seconds(name: str, value: float | str | timedelta | None) -> float | None:
    """Return a span in seconds: a number of them, a `timedelta`, or text such as `90s`, `30m`, `2h`, `1d`.

    Raises:
        UsageError: it is none, or not above 0.
    """
    if value is None:
        return None
    if isinstance(value, timedelta):
        value = value.total_seconds()
    span = seconds_of(value) if isinstance(value, str) else value
    if isinstance(span, bool) or not isinstance(span, (int, float)) or not 0 < span < math.inf:
        raise wrong(name, value, "a time above 0: seconds, a timedelta, or text as '90s', '30m', '2h'")
    return span


def amount(name: str, value: float | str | Decimal | None) -> Decimal | None:
    """Return an amount of money; None stays.

    Raises:
        UsageError: it is none, or not above 0.
    """
    if value is None:
        return None
    try:
        return read_amount("" if isinstance(value, bool) else str(value))
    except ValueError:
        raise wrong(name, value, "an amount of money above 0, as 2.5") from None


def path(name: str, value: str | os.PathLike[str]) -> str:
    """Return a path as text.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise wrong(name, value, "a path")
    return os.fsdecode(value)


def params(name: str, value: Mapping[str, Any] | None) -> Params:
    """Return request parameters.

    Raises:
        UsageError: it is no dict, or a value of it is nothing that JSON can say.
    """
    return _plain_dict(name, value, "a dict of parameters and values, as {'temperature': 0.7}")


def factors(name: str, value: Mapping[str, Iterable[Any]] | None) -> dict[str, tuple[JsonValue, ...]]:
    """Return factors, each with its levels.

    Raises:
        UsageError: it is no dict of lists, or a level is nothing that JSON can say.
    """
    expected = "a dict of parameters and lists of levels, as {'temperature': [0.2, 1.0]}"
    listed = isinstance(value, Mapping) and {key: list(of) if _is_list(of) else of for key, of in value.items()}
    found = _plain_dict(name, listed or value, expected)
    for key, levels in found.items():
        if not isinstance(levels, list) or not levels:
            raise wrong(f"{name}[{key!r}]", levels, "a list of levels, as [0.2, 1.0]")
    return {key: tuple(levels) for key, levels in found.items()}


def callback(name: str, value: Callable[..., object] | None) -> None:
    """Check a function that is to be called.

    Raises:
        UsageError: it cannot be called, or would have to be awaited.
    """
    if value is not None and (not callable(value) or iscoroutinefunction(value)):
        raise wrong(name, value, "a plain function")


def either(first: str, one: Any, second: str, other: Any) -> tuple[str, Any]:
    """Return the one of two names of an argument that is used, and its value.

    Raises:
        UsageError: both are.
    """
    if one is not None and other is not None:
        raise UsageError(f"{first} and {second} are one argument: give one of them")
    return (first, one) if other is None else (second, other)


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping, Sequence))


def _plain_dict(name: str, value: object, expected: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong(name, value, expected)
    problems = Problems()
    found: dict[str, Any] = plain_value(value, name, problems)
    problems.raise_if_any()
    return found


def is_utf8(value: str) -> bool:
    """Say whether a text has no half of a surrogate pair in it."""
    return not any("\ud800" <= char <= "\udfff" for char in value)
