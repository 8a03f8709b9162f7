"""Templates of prompts and questions: Jinja2 in its sandbox, where a name that is not there is an error.

Text goes in and comes out as it is: nothing is escaped, no line end is changed or lost, and what a value holds is never
read as a template. Most templates are words and `{{ column }}`; these are put together without Jinja2's context, which
takes a tenth of the time: a table of 200,000 personas is rendered before the first of them is asked.
"""

import sys
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any

from persona_batch.wording import nearest

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes, runtime
    from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST = 1 << 20  # characters that a template may make; a prompt is never as long, a mistaken loop soon is
_MOST_BITS = 4096
_SIGNS = ("{{", "{%", "{#")
_VOWELS = frozenset("aeiouAEIOU")

Render = Callable[[Mapping[str, object]], str]


class TemplateFlaw(ValueError):
    """A template that cannot be read, or not be filled in; the message is for the user.

    `line` is that of the template, from 1; 0: not known. `name` is the value that is missing, if one is.
    """

    def __init__(self, message: str, line: int = 0, name: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.name = name


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read.

    `names` are the values that it may ask for, `text` is as it was written; `fill` renders it.
    """

    text: str
    names: frozenset[str]
    fill: Render = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Read a template.

        Raises:
            TemplateFlaw: it is malformed, or uses a filter that there is not.
        """
        if not any(sign in text for sign in _SIGNS):
            return cls(text, frozenset(), lambda _: text)
        import jinja2
        from jinja2 import meta

        try:
            parsed = _environment().parse(text)
            names = frozenset(meta.find_undeclared_variables(parsed))
            parts = _plain_parts(parsed)
            if parts is not None:
                return cls(text, names, _joining(parts))
            return cls(text, names, _filling(_environment().from_string(text)))
        except jinja2.TemplateSyntaxError as error:
            raise TemplateFlaw(_told(error), error.lineno) from error
        except RecursionError as error:
            raise TemplateFlaw("brackets are nested too deeply") from error

    @property
    def is_constant(self) -> bool:
        """Whether it is the same text whatever the values are."""
        return not any(sign in self.text for sign in _SIGNS)

    def render(self, values: Mapping[str, object]) -> str:
        """Return the text with the values filled in.

        Raises:
            TemplateFlaw: a value is missing or None, or cannot be used as the template wants.
        """
        return self.fill(values)


def _joining(parts: Sequence[tuple[str, str | None]]) -> Render:
    """Return what renders words and bare names: text before each name, and the name (None behind the last)."""
    *named, (last, _) = parts
    words = [before for before, _ in named]
    names = [name for _, name in named if name is not None]
    if len(names) == 1 and not words[0] and not last:
        return partial(_bare, name=names[0])

    def render(values: Mapping[str, object]) -> str:
        said = []
        for before, name in zip(words, names, strict=True):
            value = values.get(name)
            if value is None:
                raise missing(name, values)
            said.append(before)
            said.append(value if isinstance(value, str) else str(value))
        said.append(last)
        return _bounded("".join(said))

    return render


def _bare(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if value is None:
        raise missing(name, values)
    return value if type(value) is str and len(value) <= LONGEST else _bounded(str(value))


def _filling(template: "jinja2.Template") -> Render:
    import jinja2

    def render(values: Mapping[str, object]) -> str:
        known = {name: value for name, value in values.items() if value is not None}
        try:
            pieces, length = [], 0
            for piece in template.generate(known):
                length += len(piece)
                if length > LONGEST:
                    break
                pieces.append(piece)
        except jinja2.UndefinedError as error:
            name = getattr(error, "name", None) or _named(str(error))
            if name is not None and values.get(name) is None:
                raise missing(name, values) from error
            raise TemplateFlaw(str(error.message)) from error
        except TemplateFlaw:
            raise
        except Exception as error:  # a filter may raise anything at a value that it was not made for
            raise TemplateFlaw(f"{type(error).__name__}: {error}") from error
        if length > LONGEST:
            raise TemplateFlaw(f"the template makes more than {LONGEST:,} characters")
        return "".join(pieces)

    return render


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise TemplateFlaw(f"the template makes more than {LONGEST:,} characters")
    return text


def missing(name: str, values: Mapping[str, object]) -> TemplateFlaw:
    """Return the flaw of a value that is not there."""
    if name in values:
        return TemplateFlaw(
            f"`{name}` is empty (null) here; write {{{{ {name} | default('') }}}} where it may be", 0, name
        )
    near = nearest(name, values)
    known = ", ".join(f"`{one}`" for one in islice(values, 12))
    hint = f", did you mean `{near}`?" if near else f"; there is {known}" if known else ""
    return TemplateFlaw(f"`{name}` is not defined{hint}", 0, name)


def _named(message: str) -> str | None:
    parts = message.split("'")
    return parts[1] if len(parts) == 3 and "undefined" in message else None


def _told(error: "jinja2.TemplateSyntaxError") -> str:
    message = (error.message or "it cannot be read").rstrip(".")
    if message.startswith("No filter named"):
        name = message.split("'")[1]
        near = nearest(name, _environment().filters)
        return f"there is no filter `{name}`" + (f", did you mean `{near}`?" if near else "")
    return f"the template cannot be read: {message}"


def _plain_parts(parsed: "nodes.Template") -> list[tuple[str, str | None]] | None:
    """Return the words and the names of a template that has nothing else; None: it has more."""
    from jinja2 import nodes

    parts: list[tuple[str, str | None]] = []
    words: list[str] = []
    for statement in parsed.body:
        if not isinstance(statement, nodes.Output):
            return None
        for node in statement.nodes:
            if isinstance(node, nodes.TemplateData):
                words.append(node.data)
            elif isinstance(node, nodes.Name):
                parts.append(("".join(words), node.name))
                words = []
            else:
                return None
    return [*parts, ("".join(words), None)]


@cache
def sandbox() -> "type[ImmutableSandboxedEnvironment]":
    """Return the class of environments in which no product takes the memory of the machine."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        """Where no product takes the memory of the machine."""

        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: "runtime.Context", operator: str, left: Any, right: Any) -> Any:
            numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
            if operator == "**" and numbers and abs(right) * max(1, int(abs(left))).bit_length() > _MOST_BITS:
                raise TemplateFlaw(f"{left} ** {right} is too large")
            if operator == "*" and not numbers and _size(left) * _size(right) > LONGEST:
                raise TemplateFlaw(f"the template makes more than {LONGEST:,} characters")
            if operator == "%" and not numbers:
                raise TemplateFlaw("`%` is for numbers here; `~` joins texts")
            return super().call_binop(context, operator, left, right)

    return Environment


@cache
def _environment() -> "ImmutableSandboxedEnvironment":
    from jinja2 import StrictUndefined

    environment = sandbox()(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    environment.filters.update({"a": article, "a_by_letter": article_by_letter, "first_upper": first_upper})
    environment.filters.update({"numbered": numbered, "lettered": lettered})
    environment.globals.clear()
    environment.globals["range"] = short_range
    return environment


def _size(factor: object) -> int:
    """Return by how much a factor makes a product longer."""
    return int(factor) if isinstance(factor, (int, float)) else len(factor) if isinstance(factor, Sized) else 1


def short_range(*bounds: int) -> range:
    """Return a range of at most 1,000 numbers."""
    counted = range(*bounds)
    if len(counted) > 1000:
        raise TemplateFlaw(f"a range of {len(counted):,}; the longest is 1,000")
    return counted


def article(noun: object) -> str:
    """Return a noun with its indefinite article by its sound: `a pirate`, `an hour`, `a university`."""
    return str(_inflect().a(str(noun))) if str(noun).strip() else str(noun)


@cache
def _inflect() -> Any:
    """Return the engine of inflect, imported without the type checks of its calls.

    typeguard instruments every function of it as it is imported, which takes seconds; ours hand it nothing but text.
    """
    unchecked = ModuleType("typeguard")
    unchecked.typechecked = lambda function: function  # type: ignore[attr-defined]  # all that inflect wants of it
    known = sys.modules.get("typeguard")
    sys.modules["typeguard"] = unchecked
    try:
        import inflect
    finally:
        del sys.modules["typeguard"]
        if known is not None:
            sys.modules["typeguard"] = known
    return inflect.engine()


def article_by_letter(noun: object) -> str:
    """Return a noun with `a` or `an` by its first letter, as arXiv:2311.10054 does: `a hour`, `an university`."""
    text = str(noun)
    return f"{'an' if text[:1] in _VOWELS else 'a'} {text}"


def first_upper(text: object) -> str:
    """Return a text with its first letter large, and the others as they are."""
    said = str(text)
    return said[:1].upper() + said[1:]


def numbered(options: Sequence[object], sign: str = ".") -> str:
    """Return options as lines `1. …`."""
    return "\n".join(f"{number}{sign} {option}" for number, option in enumerate(options, 1))


def lettered(options: Sequence[object], sign: str = ".") -> str:
    """Return options as lines `A. …`."""
    if len(options) > 26:
        raise TemplateFlaw(f"{len(options)} options; there are letters for 26")
    return "\n".join(f"{chr(64 + number)}{sign} {option}" for number, option in enumerate(options, 1))
