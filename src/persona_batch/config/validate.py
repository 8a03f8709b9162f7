"""Validation errors of the models, as problems with a place, what was found, what was expected and the remedy."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from persona_batch.config.check_format import PlainCheck
from persona_batch.config.foreign import is_meant, other_name, rival
from persona_batch.config.format import SECTIONS, ParamsBlock, PersonaEntry, QuestionEntry
from persona_batch.config.fullwidth import refuse_in_name, refuse_in_word
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, Node, Scalar, Sequence, Surprise, found, plain, read_scalar, walk
from persona_batch.config.problems import Problems, did_you_mean, entry, quote
from persona_batch.config.rubric_format import RubricFile, ScoreBlock
from persona_batch.config.run_format import RunBlock
from persona_batch.config.section import Section, known_keys
from persona_batch.wording import counted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

AnySection = TypeVar("AnySection", bound=Section)

FREE = frozenset(
    {"params", "factors", "speaker", "extra_body", "answer", "choice", "share_of", "json", "imported"}
)  # null means something below these
_TOLD = frozenset({"choice", "share_of", "json"})  # and not in their own place: these checks are told something

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


def validated(model: type[AnySection], root: Mapping, problems: Problems) -> AnySection | None:
    """Return what a mapping says, as the model of it.

    Everything that is not as the model says is noted, and left out of what is returned, as if it were not written:
    more may be wrong in the rest. (Items that are left out are taken from the nodes too, so that those of a list
    and those of the model are the same.) None: nothing is left.
    """
    _refuse_nothing(root, problems)
    left_out: set[int] = set()
    while True:
        try:
            return model.model_validate(plain(root, left_out))
        except ValidationError as error:
            errors = error.errors(include_url=False)
        if not left_out:
            _explain(errors, model, root, problems)
        paths = [_nodes(root, error) for error in errors]
        around = {id(above) for path in paths for above in path[:-1]}
        wrong = {id(path[-1]) for path in paths} - around
        if id(root) in wrong or wrong <= left_out:
            return None
        left_out |= wrong
        for _, _, node in walk(root):
            if isinstance(node, Sequence):
                node.items = [item for item in node.items if id(item) not in wrong]


def _refuse_nothing(root: Mapping, problems: Problems) -> None:
    free: set[int] = set()
    for name, key, node in walk(root):
        if name in FREE and not (name in _TOLD and key is not None and isinstance(node, Scalar)):
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


def _explain(errors: Iterable["ErrorDetails"], model: type[Section], root: Mapping, problems: Problems) -> None:
    mistyped: dict[int, tuple[Node, list[str]]] = {}
    settled: set[int] = set()  # nodes that have a more exact problem at or below them
    for error in errors:
        path = _nodes(root, error)
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
        _explain_exact(error, path, _section(error["loc"][:-1], model), problems)
    for node_id, (node, alternatives) in mistyped.items():
        if node_id not in settled:
            problems.add_first(node.place, _mistyped(node, list(dict.fromkeys(alternatives))))


def _explain_exact(error: "ErrorDetails", path: list[Node], section: type[Section], problems: Problems) -> None:
    node, key = path[-1], str(error["loc"][-1])
    holder = path[-2] if len(path) > 1 else path[0]
    key_place = holder.key_place(key) if isinstance(holder, Mapping) else holder.place
    match error["type"]:
        case "extra_forbidden":
            problems.add_first(key_place, _unknown(key, section, holder))
        case "planned":
            problems.add(key_place, f"`{key}` is planned and not built yet; delete it for now")
        case "id" if isinstance(node, Scalar):
            _refuse_id(node, str(error["ctx"]["error"]), problems)
        case "missing":
            strange = set(node.entries) - set(known_keys(section)) if isinstance(node, Mapping) else ()
            if not any(is_meant(written, key, section) for written in strange):
                problems.add_first(node.place, f"`{key}` is missing here; add `{key}: …`")
        case _:
            problems.add_first(node.place, _other(error, node))


def _refuse_id(node: Scalar, flaw: str, problems: Problems) -> None:
    """Note what cannot be an id, with one that can, in quotes where it would be read as something else."""
    if refuse_in_name(node, problems):
        return
    stem = id_from_stem(Path(node.place.file).stem) or "id"  # nothing of `？！` can stay
    name = id_from_stem(node.written) or f"{stem}-{node.place.line}"
    try:
        is_text = read_scalar(name, node.place, plain=True).kind == "text"
    except Surprise:
        is_text = False
    right = name if is_text else f'"{name}"'
    problems.add_first(node.place, f"{flaw}; write e.g. `{right}`")


def _nodes(root: Mapping, error: "ErrorDetails") -> list[Node]:
    """Return the nodes along an error's location; its steps that are names of types are stepped over."""
    path: list[Node] = [root]
    for step in error["loc"][:-1] if error["type"] == "missing" else error["loc"]:
        node = path[-1]
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            path.append(node.entries[step][1])
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            path.append(node.items[step])
        elif step == "[key]" and isinstance(node, Scalar):
            continue
    return path


def _section(loc: tuple[int | str, ...], model: type[Section]) -> type[Section]:
    for step in reversed(loc):
        if model is RubricFile and step == "score":
            return ScoreBlock
        if isinstance(step, str) and step in SECTIONS:
            return SECTIONS[step]
    return model


def _unknown(key: str, section: type[Section], holder: Node) -> str:
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
            if length := limits.get("actual_length"):
                return f"found {counted(length, 'item')}, expected at least {limits['min_length']}"
            return "found an empty list; write at least one item or delete the key"
        case "value_error" | "wrong":
            return str(limits.get("error", error["msg"]))
        case _:
            return f"found {found(node)}: {error['msg'].lower()}"
