"""Params and checks of other tools, as far as our files may have them; the rest is said."""

from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from persona_batch.chat import JsonValue, Params
from persona_batch.config.check_format import CheckEntry
from persona_batch.config.format import ParamsBlock
from persona_batch.config.nodes import Mapping as MappingNode
from persona_batch.config.nodes import Scalar
from persona_batch.config.params import check_names
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.credentials import is_key_name

_NOWHERE = Place("")


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
    if problems.found or is_key_name(name) or value is None:
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
        except ValidationError:
            refused.append(quote(str(check), 60))
        else:
            kept.append(dict(check))
    return kept, refused
