"""What a check is told: the arguments that are more than a text or a number, as data that a manifest can hold."""

from typing import Any, Literal, Self, TypeAlias, TypeVar, get_args

import msgspec

Script: TypeAlias = Literal[
    "arabic", "cyrillic", "devanagari", "greek", "han", "hangul", "kana", "latin", "thai"
]  # fmt: skip
SCRIPTS: tuple[str, ...] = get_args(Script)

_Kind = TypeVar("_Kind")

JsonType: TypeAlias = Literal["object", "array", "string", "number", "boolean"]


class Argument(msgspec.Struct, frozen=True, omit_defaults=True):
    """An argument that a file writes as a mapping; equal ones are one, and hash alike."""

    @classmethod
    def of(cls, written: object) -> Self:
        """Return what a file, a manifest or a record says.

        Raises:
            ValueError: it says something else.
        """
        return _converted(written, cls)

    @property
    def written(self) -> Any:
        """It, as a file says it, in plain values."""
        return msgspec.to_builtins(self)


class Share(Argument, frozen=True, omit_defaults=True):
    """Which share of a reply these `words`, or this `script`, have or have not; bounds from 0 to 1, included."""

    words: tuple[str, ...] = ()
    script: Script | None = None
    at_least: float | None = None
    at_most: float | None = None


class Choice(Argument, frozen=True, omit_defaults=True):
    """What may be answered: these `options`, or what a pattern finds (its first group, where it has one)."""

    options: tuple[str, ...] = ()
    regex: str | None = None

    @classmethod
    def of(cls, written: object) -> Self:
        """Return what is written; a list is that of the options."""
        return super().of({"options": written} if isinstance(written, (list, tuple)) else written)

    @property
    def written(self) -> Any:
        """A list, or a mapping with the pattern."""
        return list(self.options) if self.regex is None else {"regex": self.regex}


class Shape(Argument, frozen=True, omit_defaults=True):
    """What JSON must be: of this `type`, an object with these keys."""

    type: JsonType | None = None
    required: tuple[str, ...] = ()


class Custom(msgspec.Struct, frozen=True, array_like=True):
    """A check of the user's own: its entry point's name, and what it is given, as canonical JSON."""

    name: str
    given: str = "{}"

    @classmethod
    def of(cls, written: object) -> Self:
        """Return what is written: a name, a mapping with a `name` and what the check is given, or a manifest's list.

        Raises:
            ValueError: it is something else.
        """
        if isinstance(written, (list, tuple)):
            return _converted(list(written), cls)
        said = {"name": written} if isinstance(written, str) else _converted(written, dict[str, Any])
        name = _converted(said.get("name"), str)
        given = {key: value for key, value in said.items() if key != "name"}
        return cls(name, msgspec.json.encode(given, order="sorted").decode())

    @property
    def written(self) -> Any:
        """A name, or a mapping."""
        given = msgspec.json.decode(self.given)
        return {"name": self.name, **given} if given else self.name


def _converted(written: object, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.convert(written, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
