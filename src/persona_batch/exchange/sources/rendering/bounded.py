"""Jinja for templates of others: within bounds of length and time, and line ends as they stand."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.source import MAX_TEXT
from persona_batch.templating import LONGEST, TemplateFlaw

if TYPE_CHECKING:
    import re

    import jinja2
    from jinja2 import nodes

MOST_ROUNDS = 200_000  # of all loops of a template
_MOST_TAGS = 10_000
_RETURN = "\ue00d"  # stands for a carriage return, of which Jinja would make a line feed

Changes = Mapping[str, Callable[[Any], Any]]


class NotFilled(Exception):
    """A template that cannot be filled in as its tool would; the message says why."""


class _Rounds:
    """How many items the loops of the template that is rendered have gone through."""

    count = 0


def counted(items: list[Any]) -> list[Any]:
    """Return what a loop goes through.

    Raises:
        TemplateFlaw: with all before it, that is too much.
    """
    _Rounds.count += len(items)
    if _Rounds.count > MOST_ROUNDS:
        raise TemplateFlaw(f"its loops go round more than {MOST_ROUNDS:,} times")
    return items


def parsed(text: str, environment: "jinja2.Environment") -> "nodes.Template":
    """Read a template.

    Raises:
        jinja2.TemplateSyntaxError: it is malformed.
        NotFilled: it is too long.
    """
    if len(text) > LONGEST or text.count("{{") + text.count("{%") > _MOST_TAGS:
        raise NotFilled(f"the template is longer than {LONGEST:,} characters, or has more than {_MOST_TAGS:,} tags")
    return environment.parse(text.replace("\r", _RETURN))


def changed(template: "nodes.Template", changes: Changes) -> "nodes.Template":
    """Return a template with its nodes changed, by the names of their kinds, from the inside out."""
    from jinja2.visitor import NodeTransformer

    class Changing(NodeTransformer):
        """Changes nodes."""

        def visit(self, node: "nodes.Node", *args: Any, **kwargs: Any) -> Any:
            self.generic_visit(node, *args, **kwargs)
            change = changes.get(type(node).__name__)
            return node if change is None else change(node)

    result: nodes.Template = Changing().visit(template)
    return result


def through(name: str, *parts: Any) -> "nodes.Filter":
    """Return a node through a filter; several as a list."""
    from jinja2 import nodes

    where = {"lineno": parts[0].lineno, "environment": parts[0].environment}
    node = parts[0] if len(parts) == 1 else nodes.List(list(parts), **where)
    return nodes.Filter(node, name, [], [], None, None, **where)


def rendered(template: "jinja2.Template", values: Mapping[str, JsonValue]) -> str:
    """Return the text of a template with its values.

    Raises:
        NotFilled: a value cannot be used as the template wants, or it is too long, or takes too long.
    """
    _Rounds.count = 0
    pieces, length = [], 0
    try:
        for piece in template.generate(values):
            length += len(piece)
            if length > LONGEST:
                break
            pieces.append(piece)
    except TemplateFlaw as flaw:
        raise NotFilled(str(flaw)) from flaw
    except Exception as error:  # a filter may raise anything at a value that it was not made for
        raise NotFilled(f"the template cannot be filled in: {error}") from error
    if length > LONGEST:
        raise NotFilled(f"the template makes more than {LONGEST:,} characters")
    return "".join(pieces).replace(_RETURN, "\r")


def put_in(places: "re.Pattern[str]", text: str, said: Callable[["re.Match[str]"], str]) -> str:
    """Return a text with what stands for its places.

    Raises:
        NotFilled: it is too long.
    """
    parts, done, length = [], 0, 0
    for place in places.finditer(text):
        parts += [text[done : place.start()], said(place)]
        done = place.end()
        length += len(parts[-2]) + len(parts[-1])
        if length > MAX_TEXT:
            raise NotFilled(f"it makes more than {MAX_TEXT >> 20} million characters")
    return "".join([*parts, text[done:]])


def told(error: "jinja2.TemplateSyntaxError") -> NotFilled:
    """Return what is wrong with a template."""
    message = (error.message or "it cannot be read").rstrip(".")
    name = message.removeprefix("No filter named '").partition("'")[0]
    unknown = message.startswith("No filter named")
    return NotFilled(f"there is no filter `{name}` here" if unknown else f"not to be read: {message}")
