"""Jinja with the values that there are: places without one stay, conditions and loops on one are empty."""

import json
from collections.abc import Sized
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.exchange.sources.rendering.bounded import (
    NotFilled,
    changed,
    counted,
    parsed,
    rendered,
    through,
    told,
)
from persona_batch.exchange.sources.rendering.filters import FILTERS
from persona_batch.exchange.sources.rendering.javascript import as_json, joined, refuse_long
from persona_batch.templating import sandbox, short_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2
    from jinja2 import nodes, runtime


class Filled(NamedTuple):
    """A text that was filled in; `empty` are the names without a value that a block asked for."""

    text: str
    empty: list[str]


def fill_known(text: str, values: "Mapping[str, JsonValue]") -> Filled:
    """Return a template with the values that there are.

    Raises:
        NotFilled: it cannot be read, or does something with a name that has no value.
    """
    import jinja2
    from jinja2 import meta, nodes

    try:
        tree = parsed(text, _environment())
        missing = meta.find_undeclared_variables(tree) - values.keys()
        if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None) is not None:
            raise NotFilled("it reads another template")
        asked = {node.name for test in _conditions(tree) for node in _names(test)} & missing
        spared = _places(tree, missing) | {id(node) for test in _conditions(tree) for node in _names(test)}
        for node in tree.find_all(nodes.Name):
            if node.name in missing and node.ctx == "load" and id(node) not in spared:
                raise NotFilled(f"`{node.name}` has no value, and it does more with it than to print it")
        template = _environment().from_string(changed(tree, {"For": _loop, "Concat": _concat}))
    except jinja2.TemplateSyntaxError as error:
        raise told(error) from error
    except RecursionError as error:
        raise NotFilled("brackets are nested too deeply") from error
    return Filled(rendered(template, values), sorted(asked))


def _conditions(tree: "nodes.Template") -> "list[nodes.Node]":
    from jinja2 import nodes

    return [*(node.test for node in tree.find_all(nodes.If)), *(node.iter for node in tree.find_all(nodes.For))]


def _names(node: "nodes.Node") -> "list[nodes.Name]":
    from jinja2 import nodes

    return [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))


def _places(tree: "nodes.Template", missing: set[str]) -> set[int]:
    """Return the names without a value that are printed, or have another by `default`."""
    from jinja2 import nodes

    found: set[int] = set()
    for output in tree.find_all(nodes.Output):
        for one in output.nodes:
            node: Any = one.node if isinstance(one, nodes.Filter) and one.name in ("default", "d") else one
            while isinstance(node, nodes.Getattr | nodes.Getitem):
                node = node.node
            if isinstance(node, nodes.Name) and node.name in missing:
                found.add(id(node))
    return found


def _loop(node: Any) -> Any:
    node.iter = through("_counted", node.iter)
    return node


def _concat(node: Any) -> Any:
    return through("_concat", *node.nodes)


@cache
def _environment() -> "jinja2.Environment":
    from jinja2 import ChainableUndefined

    class Place(ChainableUndefined):
        """A name without a value: printed, it is its place."""

        def __str__(self) -> str:
            return f"{{{{{self._undefined_name}}}}}"

        def __getattr__(self, name: str) -> "Place":
            if name.startswith("__"):
                raise AttributeError(name)
            return Place(name=f"{self._undefined_name}.{name}")

        def __getitem__(self, name: Any) -> Any:
            return Place(name=f"{self._undefined_name}[{name!r}]")

    class Environment(sandbox()):  # type: ignore[misc]  # it is made when it is first wanted
        """Where no sum takes the memory of the machine."""

        intercepted_binops = sandbox().intercepted_binops | {"+"}

        def call_binop(self, context: "runtime.Context", operator: str, left: Any, right: Any) -> Any:
            if operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
                refuse_long(len(left) + len(right))
            return super().call_binop(context, operator, left, right)

    environment = Environment(undefined=Place, finalize=_as_text, keep_trailing_newline=True, autoescape=False)
    environment.globals.clear()
    environment.globals["range"] = short_range
    environment.filters.clear()
    environment.filters.update(FILTERS)
    environment.filters.update({"tojson": as_json, "count": FILTERS["length"], "_concat": _concatenated})
    environment.filters["_counted"] = lambda items: counted(list(items))
    return environment


def _concatenated(parts: list[Any]) -> str:
    return joined([str(_as_text(part)) for part in parts], "")


def _as_text(value: Any) -> Any:
    """Return a value as it is printed: true, false and lists as in JSON."""
    if value is None or isinstance(value, bool | list | dict):
        return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return value
