"""What the library says in the words of its callers: `base_url=` for the command line's `--base-url`."""

import inspect
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_args

from persona_batch.chat import Placement, Thinking
from persona_batch.errors import BatchError, ConfigError, ProviderError

Function = TypeVar("Function", bound=Callable[..., Any])

_SHORT = {
    "-j": ("concurrency",),
    "-m": ("model",),
    "-n": ("samples",),
    "-o": ("output", "out"),
    "-p": ("persona",),
    "-q": ("questions",),
}
_RENAMED = {"continue": "continue_", "param": "params", "factor": "factors"}
_KEYED = frozenset({"params", "factors", "margin"})  # `NAME=VALUE` there, dicts here
_TRUE = frozenset({"continue_", "retry_errors", "no_verdict", "no_reasoning", "plan"})
_WORDS = {*get_args(Placement), *get_args(Thinking), "once", "all", "source"}
_OPTION = r"(?<![\w'\"/.=-])(?P<option>--[a-z][a-z-]*|-[a-z])(?![\w-])"
_SPAN = re.compile(r"`(?P<quoted>[^`]*)`")
_LED = re.compile(rf"^{_OPTION}(?: (?P<value>\S+|.+(?=: no such)))?(?=: |$)")
_KEY = re.compile(rf"{_OPTION} (?P<value>[^\s:=`]+)(?P<levels>=\S*)?")
_ANY = re.compile(rf"{_OPTION}(?: (?P<value>[A-Z]+\b|(?:{'|'.join(sorted(_WORDS))})\b|\d+\b|(?<=-o )\S+))?")
_ALONE = re.compile(rf"^{_OPTION}(?:[ =](?P<value>.+))?$")
_GO_ON = re.compile(r"^batch run --resume (?P<value>\S+)$")


def in_python(said: str, names: Collection[str]) -> str:
    """Return a sentence in which each option of the command line is the argument among `names` that it stands for.

    Options that are none of these stay, and so do whole commands (`batch show RUN`) and what is quoted.
    """
    words = _Words(names)
    head = _LED.sub(words.led, said)
    parts, at = list[str](), 0
    for span in _SPAN.finditer(head):
        parts += [words.plain(head[at : span.start()]), words.quoted(span["quoted"])]
        at = span.end()
    return "".join([*parts, words.plain(head[at:])]).replace("=` several times", "=` as a list")


@dataclass(frozen=True, slots=True)
class _Words:
    """The arguments that may be named, and how each place where an option stands is said with them."""

    names: Collection[str]

    def led(self, found: re.Match[str]) -> str:
        """Say the option that a sentence begins with, and its value: `--by colour: no such factor`."""
        name = self._name(found["option"])
        if name is None or name in _KEYED:
            return found[0]
        return name if found["value"] is None else f"{name}={_literal(found['value'])}"

    def plain(self, said: str) -> str:
        """Say all options in a piece of a sentence."""
        return _ANY.sub(self._mentioned, _KEY.sub(self._keyed, said))

    def quoted(self, inside: str) -> str:
        """Say what stands between backticks: an option, perhaps with its value, or anything else."""
        if "resume" in self.names and (more := _GO_ON.match(inside)):
            return f"`run(resume={more['value']!r})`"
        if not inside.startswith("-"):
            return f"`{inside}`"
        return f"`{_ALONE.sub(self._alone, _KEY.sub(self._keyed, inside))}`"

    def _keyed(self, found: re.Match[str]) -> str:
        name = self._name(found["option"])
        return f"{name}[{found['value']!r}]{found['levels'] or ''}" if name in _KEYED else found[0]

    def _mentioned(self, found: re.Match[str]) -> str:
        name, value = self._name(found["option"]), found["value"]
        if name is None:
            return found[0]
        if name in _TRUE:
            return f"{name}=True" + (f" {value}" if value else "")
        described = value is None and found.string.startswith((":", " ("), found.end())
        return name if described else f"{name}={_shown(value)}"

    def _alone(self, found: re.Match[str]) -> str:
        name = self._name(found["option"])
        if name is None or name in _KEYED:
            return found[0]
        return f"{name}={'True' if name in _TRUE else _shown(found['value'])}"

    def _name(self, option: str) -> str | None:
        long = option.removeprefix("--").replace("-", "_")
        known = _SHORT.get(option, (_RENAMED.get(long, long),))
        return next((name for name in known if name in self.names), None)


@contextmanager
def words_of_python(names: Collection[str]) -> Iterator[None]:
    """Let an error of ours name arguments for options, and end its chain where it says all itself."""
    try:
        yield
    except BatchError as error:
        told_in_python(error, names)
        raise


def in_words_of_python(function: Function) -> Function:
    """Let the errors of a function name its arguments; a decorator."""
    return words_of_python(frozenset(inspect.signature(function).parameters))(function)


def told_in_python(error: BatchError, names: Collection[str]) -> None:
    """Put an error in the words of Python; of a failed request no more is chained to it than its own error."""
    if isinstance(error, ConfigError):
        error.problems = tuple(
            replace(one, file=in_python(one.file, names), message=in_python(one.message, names))
            for one in error.problems
        )
        error.args = ("\n".join(map(str, error.problems)),)
    elif error.args and isinstance(error.args[0], str):
        error.args = (in_python(error.args[0], names), *error.args[1:])
    if isinstance(error, ProviderError):
        error.message = in_python(error.message, names)
        error.__cause__ = None
    elif isinstance(cause := error.__cause__, ProviderError):
        cause.__cause__ = cause.__traceback__ = None


def _shown(value: str | None) -> str:
    """Return a value as it is written, and the name of what one is (`URL`) as it is."""
    return "" if value is None else value if value.isupper() else _literal(value)


def _literal(value: str) -> str:
    try:
        float(value)
    except ValueError:
        return repr(value)
    return value
