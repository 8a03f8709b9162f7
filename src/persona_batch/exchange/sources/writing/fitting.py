"""Params and checks of other tools, as far as our files may have them; the rest is said."""

import re
from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from persona_batch.chat import JsonValue, Params
from persona_batch.config.check_format import CheckEntry
from persona_batch.config.format import ParamsBlock
from persona_batch.config.nodes import Mapping as MappingNode
from persona_batch.config.nodes import Scalar
from persona_batch.config.params import check_names
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.credentials import has_key, is_key_name

_NOWHERE = Place("")
_DEEPEST = 16  # levels of a value
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def has_odd_text(value: JsonValue, deepest: int = _DEEPEST) -> bool:
    """Say whether a text within is none that a file can hold, or looks like a key; or is nested too deeply for one."""
    if deepest == 0:
        return True
    if isinstance(value, str):
        return _NO_TEXT.search(value) is not None or has_key(value)
    if isinstance(value, Mapping):
        return any(has_odd_text(item, deepest - 1) for entry in value.items() for item in entry)
    return isinstance(value, list | tuple) and any(has_odd_text(item, deepest - 1) for item in value)


def fitting_params(params: Mapping[str, JsonValue]) -> tuple[Params, list[str]]:
    """Return the request parameters that a file may hold, and those that it may not, as they are written."""
    kept: Params = {}
    refused: list[str] = []
    for name, value in params.items():
        if _is_fitting(name, value):
            kept[name] = value
        else:
            refused.append(quote(f"{name}: {'…' if is_key_name(name) else value}"))
    return kept, refused


def _is_fitting(name: str, value: JsonValue) -> bool:
    problems = Problems()
    key = Scalar(_NOWHERE, name, name, "text")
    check_names(MappingNode(_NOWHERE, {name: (key, key)}), problems)
    if problems.found or is_key_name(name) or value is None or has_odd_text({name: value}):
        return False
    try:
        ParamsBlock.model_validate({name: value})
    except ValidationError:
        return False
    return True


def fitting_checks(checks: Iterable[Mapping[str, JsonValue]]) -> tuple[list[JsonValue], list[str]]:
    """Return the checks that a file may hold, and those that it may not, as they are written."""
    kept: list[JsonValue] = []
    refused: list[str] = []
    for check in checks:
        try:
            CheckEntry.model_validate(check)
            fits = not has_odd_text(check)
        except ValidationError:
            fits = False
        if not fits:
            refused.append(quote(str(check), 60))
        else:
            kept.append(dict(check))
    return kept, refused
