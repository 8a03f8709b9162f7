"""nunjucks, rendered by Jinja in the house's sandbox, with JavaScript's values and within bounds of time.

What nunjucks has and we do not, is an error: a template is rendered as it would be there, or not at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from persona_batch.chat import JsonValue
from persona_batch.exchange.sources.rendering.bounded import (
    Changes,
    NotFilled,
    changed,
    counted,
    parsed,
    rendered,
    through,
    told,
)
from persona_batch.exchange.sources.rendering.filters import FILTERS
from persona_batch.exchange.sources.rendering.javascript import as_text, is_true, is_undefined, joined, member
from persona_batch.templating import sandbox, short_range

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes, runtime

_TAG = re.compile(r"\{%(?:(?!\{%|%\}).)*%\}|\{\{(?:(?!\{\{|\}\}).)*\}\}", re.DOTALL)
_WORD = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|===|!==|\belseif\b|\b(?:end)?verbatim\b", re.DOTALL)
_WORDS = {"===": "==", "!==": "!=", "elseif": "elif", "verbatim": "raw", "endverbatim": "endraw"}
_FILES = ("Include", "Import", "FromImport", "Extends")


@dataclass(frozen=True, slots=True)
class Nunjucks:
    """A template that was read; `names` are what it asks for, `environment` of these those of the environment."""

    names: frozenset[str]
    environment: frozenset[str]
    template: "jinja2.Template"

    def render(self, values: Mapping[str, JsonValue]) -> str:
        """Return the text with the values filled in; a name without one is empty.

        Raises:
            NotFilled: it uses what we do not have, or takes too long.
        """
        return rendered(self.template, values)


@lru_cache(maxsize=64)
def nunjucks(text: str) -> Nunjucks:
    """Read a template.

    Raises:
        NotFilled: it is malformed, or uses what we do not have.
    """
    import jinja2
    from jinja2 import meta

    try:
        try:
            tree = parsed(text, _environment())
        except jinja2.TemplateSyntaxError:
            tree = parsed(_TAG.sub(_as_jinja, text), _environment())
        for node in tree.find_all(_classes(*_FILES)):
            raise NotFilled(f"{{% {type(node).__name__.lower()} %}} reads another template, which is not done here")
        names = frozenset(meta.find_undeclared_variables(tree))
        asked = frozenset(_environment_names(tree)) if "env" in names else frozenset()
        return Nunjucks(names - {"env"}, asked, _environment().from_string(changed(tree, _CHANGES)))
    except jinja2.TemplateSyntaxError as error:
        raise told(error) from error
    except RecursionError as error:
        raise NotFilled("brackets are nested too deeply") from error


def _as_jinja(tag: re.Match[str]) -> str:
    """Return a tag in the words of Jinja."""
    return _WORD.sub(lambda found: _WORDS.get(found[0], found[0]), tag[0])


def _classes(*names: str) -> tuple[type[Any], ...]:
    from jinja2 import nodes

    return tuple(getattr(nodes, name) for name in names)


def _environment_names(tree: "nodes.Template") -> list[str]:
    """Return the variables of the environment that a template asks for; `*`: nobody knows which."""
    from jinja2 import nodes

    members: list[Any] = [*tree.find_all((nodes.Getattr, nodes.Getitem))]
    found = [
        str(node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", "*"))
        for node in members
        if isinstance(node.node, nodes.Name) and node.node.name == "env"
    ]
    return found if len(found) == sum(node.name == "env" for node in tree.find_all(nodes.Name)) else [*found, "*"]


def _loop(node: Any) -> Any:
    node.iter = through("_pairs" if type(node.target).__name__ == "Tuple" else "_items", node.iter)
    return node


def _tested(node: Any) -> Any:
    node.test = through("_is_true", node.test)
    return node


def _negated(node: Any) -> Any:
    node.node = through("_is_true", node.node)
    return node


def _compared(node: Any) -> Any:
    from jinja2 import nodes

    if len(node.ops) != 1 or node.ops[0].op not in ("eq", "ne"):
        return node
    equal = through("_equal", node.expr, node.ops[0].expr)
    return equal if node.ops[0].op == "eq" else nodes.Not(equal, lineno=node.lineno)


_CHANGES: Changes = {
    "For": _loop,
    "If": _tested,
    "CondExpr": _tested,
    "Not": _negated,
    "And": lambda node: through("_and", node.left, node.right),
    "Or": lambda node: through("_or", node.left, node.right),
    "Compare": _compared,
    "Concat": lambda node: through("_concat", *node.nodes),
}


def _items(value: Any) -> list[Any]:
    return counted(list(value) if isinstance(value, str | list | tuple | range) else [])


def _pairs(value: Any) -> list[Any]:
    return counted([list(pair) for pair in value.items()] if isinstance(value, Mapping) else _items(value))


@cache
def _environment() -> "jinja2.Environment":
    from jinja2 import ChainableUndefined

    class Environment(sandbox()):  # type: ignore[misc]  # it is made when it is first wanted
        """Where members are those of JavaScript's values."""

        intercepted_binops = sandbox().intercepted_binops | {"+"}

        def call_binop(self, context: "runtime.Context", operator: str, left: Any, right: Any) -> Any:
            if operator == "+" and not (isinstance(left, int | float) and isinstance(right, int | float)):
                return joined([left, right], "")
            return super().call_binop(context, operator, left, right)

        def getattr(self, obj: Any, attribute: str) -> Any:
            return self._member(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            return super().getitem(obj, argument) if isinstance(argument, slice) else self._member(obj, argument)

        def _member(self, obj: Any, name: Any) -> Any:
            if is_undefined(obj):
                return obj
            if obj is None:
                return self.undefined(name=str(name))
            if isinstance(obj, Mapping):
                return obj[name] if isinstance(name, str) and name in obj else self.undefined(name=str(name))
            if isinstance(obj, str | list | tuple | range):
                found = member(obj, name)
                return self.undefined(name=str(name)) if found is NotImplemented else found
            return super().getattr(obj, str(name))

    environment = Environment(
        undefined=ChainableUndefined, finalize=as_text, keep_trailing_newline=True, autoescape=False
    )
    environment.globals.clear()
    environment.globals["range"] = short_range
    environment.filters.clear()
    environment.filters.update(FILTERS)
    environment.filters.update({"_items": _items, "_pairs": _pairs, "_is_true": is_true})
    environment.filters.update({"_and": _and, "_or": _or, "_concat": _concat, "_equal": _equal})
    return environment


def _and(sides: list[Any]) -> Any:
    return sides[1] if is_true(sides[0]) else sides[0]


def _or(sides: list[Any]) -> Any:
    return sides[0] if is_true(sides[0]) else sides[1]


def _concat(parts: list[Any]) -> str:
    return joined(parts, "")


def _equal(sides: list[Any]) -> bool:
    """Say whether values are equal by `==`: a number is what a text says, and null what is not there."""
    one, other = (None if is_undefined(side) else side for side in sides)
    if {type(one), type(other)} in ({str, int}, {str, float}):
        return as_text(one) == as_text(other)
    return bool(one == other)
