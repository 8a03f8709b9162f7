"""Validation errors of the models, as problems with a place, what was found, what was expected and the remedy."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from persona_batch.config.check_entry import PlainCheck
from persona_batch.config.fullwidth import refuse_in_word
from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, found, plain, walk
from persona_batch.config.params import ParamsBlock
from persona_batch.config.persona_file import SECTIONS, PersonaEntry
from persona_batch.config.problems import Problems, did_you_mean, entry, quote
from persona_batch.config.question_file import QuestionEntry
from persona_batch.config.run_block import RunBlock
from persona_batch.config.section import known_keys
from persona_batch.config.shapes import is_meant, other_name, rival

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FREE = frozenset({"params", "extra_body", "answer", "choice", "share_of", "json"})  # null means something below these

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_MESSAGES = "write the system message as `system: …`, and the turns after it as `examples: …`"
_FIXED_WORDS = frozenset({"int_type", "int_from_float", "float_type", "bool_type", "literal_error", "value_error"})


def validate(model: type[BaseModel], root: Mapping, problems: Problems) -> None:
    """Note everything in the mapping that is not as the model says."""
    _refuse_nothing(root, problems)
    try:
        model.model_validate(plain(root))
    except ValidationError as error:
        _explain(error.errors(include_url=False), model, root, problems)


def _refuse_nothing(root: Mapping, problems: Problems) -> None:
    free: set[int] = set()
    for name, key, node in walk(root):
        if name in FREE:
            free.update(id(below) for _, _, below in walk(node))
        if not isinstance(node, Scalar) or node.kind != "null" or id(node) in free:
            continue
        if key is not None and not node.raw and (cut := re.match(r"(\w+)[:=] *([^/].*)", key.written)):
            problems.add(key.place, f"a `:` without a space after it; write {entry(cut[1], cut[2])}")
            problems.settle(key.place)
        else:
            what = f"null ({quote(node.written)})" if node.written else "nothing"
            where = f" for {quote(key.written)}" if key is not None else " in this list"
            problems.add(node.place, f'found {what}{where}; write a value, delete it, or write "" for empty text')


def _explain(errors: Iterable["ErrorDetails"], model: type[BaseModel], root: Mapping, problems: Problems) -> None:
    mistyped: dict[int, tuple[Node, list[str]]] = {}
    settled: set[int] = set()  # nodes that have a more exact problem at or below them
    for error in errors:
        path = _nodes(root, error["loc"])
        node = path[-1]
        kind = error["type"]
        if kind in _FIXED_WORDS and refuse_in_word(node, problems):
            settled.update(id(above) for above in path)
            continue
        if kind in _EXPECTED or kind == "literal_error":
            settled.update(id(above) for above in path[:-1] if above is not node)
            expected = _EXPECTED.get(kind) or _choices(error)
            mistyped.setdefault(id(node), (node, []))[1].append(expected)
            if kind == "literal_error" and isinstance(node, Scalar) and isinstance(node.value, str):
                near = did_you_mean(node.value, re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", "")))
                if near:
                    problems.add_first(node.place, f"found {found(node)}{near}")
            continue
        settled.update(id(above) for above in path)
        if kind == "extra_forbidden":
            key = str(error["loc"][-1])
            holder = path[-2] if len(path) > 1 else root
            place = holder.key_place(key) if isinstance(holder, Mapping) else holder.place
            problems.add_first(place, _unknown(key, _section(error["loc"][:-1], model), holder))
        elif kind == "missing":
            _missing(str(error["loc"][-1]), _section(error["loc"][:-1], model), node, problems)
        else:
            problems.add_first(node.place, _other(error, node))
    for node_id, (node, alternatives) in mistyped.items():
        if node_id not in settled:
            problems.add_first(node.place, _mistyped(node, list(dict.fromkeys(alternatives))))


def _missing(key: str, section: type[BaseModel], node: Node, problems: Problems) -> None:
    strange = set(node.entries) - set(known_keys(section)) if isinstance(node, Mapping) else ()
    if not any(is_meant(written, key, section) for written in strange):
        problems.add_first(node.place, f"`{key}` is missing here; add `{key}: …`")


def _nodes(root: Mapping, loc: tuple[int | str, ...]) -> list[Node]:
    """Return the nodes along an error's location; its steps that are names of types are stepped over."""
    path: list[Node] = [root]
    for step in loc:
        node = path[-1]
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            path.append(node.entries[step][1])
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            path.append(node.items[step])
        elif step == "[key]" and isinstance(node, Scalar):
            continue
    return path


def _section(loc: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    for step in reversed(loc):
        if isinstance(step, str) and step in SECTIONS:
            return SECTIONS[step]
    return model


def _unknown(key: str, section: type[BaseModel], holder: Node) -> str:
    valid = known_keys(section)
    if section is PlainCheck and key == "not":
        return "`not` inside of `not`; write the check itself"
    if "params" in valid and key in ParamsBlock.model_fields:
        return f"unknown key {quote(key)}; write it under `params`"
    if "run" in valid and key in known_keys(RunBlock):
        return f"unknown key {quote(key)}; write it under `run`"
    if isinstance(holder, Mapping) and (beside := rival(key, section, holder)):
        return f"unknown key {quote(key)}; {quote(beside)} is there already: delete one of them"
    if right := other_name(key, section):
        return f"unknown key {quote(key)}; {_MESSAGES if key == 'messages' else f'write it as `{right}: …`'}"
    if near := did_you_mean(key, valid):
        return f"unknown key {quote(key)}{near}"
    if section is QuestionEntry and isinstance(holder, Mapping) and "text" not in holder.entries:
        return f"unknown key {quote(key)}; a question with a `:` in it needs quotes"
    if "personas" in valid and key in PersonaEntry.model_fields:
        return f"the key {quote(key)} belongs to one persona; move it under `personas`"
    return f"unknown key {quote(key)}, expected one of {', '.join(f'`{name}`' for name in valid)}"


def _mistyped(node: Node, expected: list[str]) -> str:
    message = f"found {found(node)}, expected {' or '.join(expected)}"
    if isinstance(node, Scalar) and node.kind != "text" and "text" in expected:
        return f'{message}; write "{node.written}"'
    if isinstance(node, Scalar) and node.kind == "text" and {"a number", "a whole number"} & set(expected):
        return f"{message}; write it in digits without quotes"
    if isinstance(node, Scalar) and node.kind == "text" and expected == ["true or false"]:
        return f"{message}; write it without quotes"
    if isinstance(node, Scalar) and "a list" in expected and re.match(r"-[^\s-]", node.written):
        return f"{message}; write a space after each `-`"
    if isinstance(node, Scalar) and "a list" in expected:
        return f"{message}; begin each item with `- `"
    return message


def _choices(error: "ErrorDetails") -> str:
    names = re.findall(r"'([^']*)'|\b(True|1)\b", error.get("ctx", {}).get("expected", ""))
    shown = [f"`{(text or literal).lower()}`" for text, literal in names]
    return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"


def _other(error: "ErrorDetails", node: Node) -> str:
    limits = error.get("ctx", {})
    bounds = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for name, words in bounds.items():
        if name in limits:
            shown = quote(node.written) if isinstance(node, Scalar) else found(node)
            return f"found {shown}, expected {words} {limits[name]:g}"
    match error["type"]:
        case "string_too_short":
            return "found empty text; write something or delete the key"
        case "too_short":
            return "found an empty list; write at least one item or delete the key"
        case "value_error":
            return str(limits.get("error", error["msg"]))
        case _:
            return f"found {found(node)}: {error['msg'].lower()}"
