"""YAML of other tools as JSON has it: what YAML 1.2 reads as a number or as true is that, all else is the text it is.

PyYAML alone would make a date of `2024-01-01`, 750 of `12:30`, false of `no` and 10 of `012`.
"""

import re
from functools import cache
from typing import Any, ClassVar

from persona_batch.chat import JsonValue

_TAG = "tag:yaml.org,2002:"
_RESOLVED = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("merge", r"<<", "<"),
)


@cache
def loader() -> Any:
    """Return the loader: a safe one, of which no tag makes an object."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # one of the two
        """Where plain values are read as YAML 1.2 has them."""

        yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    for name, pattern, first in _RESOLVED:
        firsts = [char if char != "\0" else "" for char in first]
        Loader.add_implicit_resolver(f"{_TAG}{name}", re.compile(f"(?:{pattern})\\Z"), firsts)
    return Loader


def as_json(value: Any) -> JsonValue:
    """Return loaded values as JSON has them: keys are text; what explicit tags made becomes text or a list.

    What an alias shares stays shared.
    """
    done: dict[int, tuple[Any, JsonValue]] = {}  # with the value itself, or another might get its place in memory

    def plain(one: Any) -> JsonValue:
        if one is None or isinstance(one, str | bool | int | float):
            return one
        if id(one) in done:
            return done[id(one)][1]
        result: JsonValue
        if isinstance(one, dict):
            result = {_key(key): plain(item) for key, item in one.items()}
        elif isinstance(one, list | tuple | set):
            result = [plain(item) for item in one]
        elif isinstance(one, bytes):
            result = one.decode("utf-8", "replace")
        else:
            result = str(one)
        done[id(one)] = (one, result)
        return result

    return plain(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return (
        {None: "null", True: "true", False: "false"}.get(key, str(key))
        if key is None or isinstance(key, bool)
        else str(key)
    )
