"""The arguments of `batch run` for a job: checked by that command's own parser, with absolute paths."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from persona_batch.cli.commands import Entry
from persona_batch.errors import UsageError

_SET_BY_THE_JOB = ("--continue", "--json", "--no-progress")
_NOT_IN_A_JOB = {
    "--resume": "it finds the run to resume by itself",
    "--dry-run": "it is there to send",
    "--watch": "nobody watches it",
}
_PATHS = ("--questions", "--out")


@dataclass(frozen=True, slots=True)
class RunArguments:
    """`files` are absolute (globs stay globs); `options` are those that were given, in their long form."""

    files: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """The question files, absolute."""
        return self.values("--questions")

    @property
    def words(self) -> tuple[str, ...]:
        """All of it, as `batch run` takes it."""
        return (*self.files, *self.options)

    def value(self, name: str) -> str | None:
        """Return the value of an option that is given once; None where it is not given."""
        return next(iter(self.values(name)), None)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of an option that may be given several times."""
        return tuple(value for option, value in pairwise(self.options) if option == name)


def read_run_arguments(words: Sequence[str]) -> RunArguments:
    """Parse `words` as `batch run` would; what its parser says of wrong options passes through.

    Raises:
        UsageError: no file, or an option that a job cannot have.
    """
    from persona_batch.cli.parser import load

    command = load(Entry("run", "persona_batch.cli.run:run", ""))
    context = command.make_context("batch schedule add", list(words))
    files: tuple[str, ...] = ()
    options: list[str] = []
    for parameter in command.params:
        value = context.params.get(parameter.name)
        if parameter.param_type_name == "argument":
            files = tuple(_absolute(file) for file in value or ())
        elif value not in (None, False, (), [], parameter.default):
            options += _spelled(max(parameter.opts, key=len), value)
    if not files:
        raise UsageError("no persona file given; an example: batch schedule add wukong.yaml --at '0 3 * * *'")
    return RunArguments(files, tuple(options))


def _spelled(name: str, value: Any) -> list[str]:
    if name in _NOT_IN_A_JOB:
        raise UsageError(f"{name} is not for a job: {_NOT_IN_A_JOB[name]}")
    if name in _SET_BY_THE_JOB:
        return []
    if value is True:
        return [name]
    words = []
    for one in value if isinstance(value, (list, tuple)) else (value,):
        words += [name, _absolute(str(one)) if name in _PATHS else str(one)]
    return words


def _absolute(path: str) -> str:
    # not Path.absolute: `..` is to go, and a glob is to stay as it is
    return os.path.abspath(path)  # noqa: PTH100
