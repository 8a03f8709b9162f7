"""Several functions that take the very same arguments, which are written down once."""

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from persona_batch.api.words import words_of_python

Given = ParamSpec("Given")
Asked = TypeVar("Asked")
Result = TypeVar("Result")


def taking(
    read: Callable[Given, Asked],
) -> Callable[[Callable[[Asked], Result]], Callable[Given, Result]]:
    """Return a decorator: the function takes the arguments of `read`, and is given what `read` makes of them.

    Errors name these arguments.
    """
    signature = inspect.signature(read)
    names = frozenset(signature.parameters)

    def decorate(function: Callable[[Asked], Result]) -> Callable[Given, Result]:
        later = inspect.iscoroutinefunction(function)

        @wraps(function)
        def call(*args: Given.args, **kwargs: Given.kwargs) -> Any:
            with words_of_python(names):
                asked = _read(args, kwargs)
                return _awaited(function(asked)) if later else function(asked)  # type: ignore[arg-type]  # it is one

        async def _awaited(result: Awaitable[object]) -> object:
            with words_of_python(names):
                return await result

        def _read(args: tuple[object, ...], kwargs: dict[str, object]) -> Asked:
            try:
                return read(*args, **kwargs)  # type: ignore[arg-type]  # those of `read`, unchanged
            except TypeError as error:
                own, said = f"{read.__qualname__}()", str(error)
                if error.__traceback__ is None or error.__traceback__.tb_next is not None or not said.startswith(own):
                    raise
                raise TypeError(function.__name__ + "()" + said.removeprefix(own)) from None

        returned = inspect.signature(function).return_annotation
        call.__signature__ = signature.replace(return_annotation=returned)  # type: ignore[attr-defined]  # for `help`
        call.__annotations__ = {**read.__annotations__, "return": returned}
        return call

    return decorate
