"""Words of the command line → values, without pydantic, which typer would load for any of them (half its start-up).

Text, whole numbers, numbers, flags, literals, and lists of these; typer keeps every other type.
"""

import math
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

import typer

from persona_batch.wording import meant


def read_lightly(parameters: Iterable[Any]) -> None:
    """Have these parameters of a typer command read by us, where their type is a plain one."""
    for parameter in parameters:
        descriptor = getattr(parameter, "type_descriptor", None)
        if descriptor is None:  # --help and the like
            continue
        kind = descriptor.annotation
        if get_origin(kind) is list:
            (kind,) = get_args(kind)
        plain = kind in (str, int, float, bool) or get_origin(kind) is Literal
        if plain and descriptor.parameter_info.parser is None:
            # typer makes its own reader only where there is none yet; a version that knows no such attribute
            # reads by itself as before
            parameter._runtime_param = _Reader(kind, descriptor.parameter_info)  # noqa: SLF001


class _Reader:
    def __init__(self, kind: Any, info: Any) -> None:
        self._kind = kind
        self._low, self._high = info.min, info.max

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        try:
            return tuple(map(self._one, value)) if several else self._one(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from None

    def _one(self, value: Any) -> Any:
        if self._kind in (str, bool):
            return value
        if get_origin(self._kind) is Literal:
            return _choice(value, get_args(self._kind))
        return self._number(value)

    def _number(self, value: Any) -> float:
        try:
            number: float = self._kind(value)
        except ValueError:
            raise ValueError(f"{value!r} is no {'whole number' if self._kind is int else 'number'}") from None
        if not math.isfinite(number):
            raise ValueError(f"{value!r} is no number")
        if self._low is not None and number < self._low:
            raise ValueError(f"{value} is less than {self._low}")
        if self._high is not None and number > self._high:
            raise ValueError(f"{value} is more than {self._high}")
        return number


def _choice(value: Any, choices: tuple[Any, ...]) -> Any:
    if value in choices:
        return value
    raise ValueError(f"{value!r}: {meant(str(value), choices)}")
