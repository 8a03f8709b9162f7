"""Request parameters of the command line, held to the same rules as those in files."""

from persona_batch.chat import JsonValue, Params
from persona_batch.config.explain import validate
from persona_batch.config.nodes import Mapping, Node, Scalar, ScalarKind, Sequence, walk
from persona_batch.config.params import ParamsBlock, check_names
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.section import Section
from persona_batch.credentials import has_key, is_key_name

_NOT_HERE = (
    "an API key or other secret never stands on the command line; "
    "put it into the environment or a `.env` file and name the variable by `--api-key-env`"
)
_KINDS: dict[type, ScalarKind] = {str: "text", bool: "bool", int: "int", float: "float"}


class _Given(Section):
    params: ParamsBlock


def check_params(params: Params, problems: Problems) -> None:
    """Note what is wrong with the parameters of `--param`: types, ranges, names that are set elsewhere, secrets."""
    block = Mapping(Place("--param"))
    for name, value in params.items():
        place = Place(f"--param {quote(name)[1:-1]}")
        block.entries[name] = (_scalar(name, place), _node(value, place))
    for name, _, node in walk(block):
        text = node.written if isinstance(node, Scalar) else ""
        if has_key(name) or has_key(text, strict=True) or (is_key_name(name) and text):
            problems.add(node.place, _NOT_HERE)
    root = Mapping(block.place, {"params": (_scalar("params", block.place), block)})
    validate(_Given, root, problems)
    check_names(block, problems)


def _node(value: JsonValue, place: Place) -> Node:
    if isinstance(value, list):
        return Sequence(place, [_node(item, place) for item in value])
    if isinstance(value, dict):
        return Mapping(place, {key: (_scalar(key, place), _node(item, place)) for key, item in value.items()})
    return _scalar(value, place)


def _scalar(value: str | float | bool | None, place: Place) -> Scalar:
    written = str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
    return Scalar(place, written, value, _KINDS.get(type(value), "null"))
