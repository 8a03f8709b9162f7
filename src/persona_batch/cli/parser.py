"""The command line as typer reads it: a command's module is imported when it is called; help is plain text (no rich).

typer would load pydantic, half its start-up, to read any word. So each parameter has our own reader.
"""

import inspect
import math
import shlex
import shutil
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from textwrap import fill
from typing import Any, Literal, TypeAlias, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from persona_batch.cli.commands import COMMANDS, Entry, help_last
from persona_batch.errors import UsageError
from persona_batch.wording import meant, nearest

Context: TypeAlias = Any  # the parser's context and formatter are no public names of typer
Formatter: TypeAlias = Any

ALL = "all"
VALUE_WHEN_BARE = {"--resume": "latest", "--print": "cron", "--cancel": ALL, "--resubmit": ALL}
"""Options that may stand without their value, and the value they then have."""

NEVER = {
    "retry_failed_checks": "asking until a reply passes is no experiment: the replies that are kept would be chosen by "
    "what they are to show; `--samples` asks more often, and keeps all"
}
"""Options that somebody may look for, and why they are not offered."""


class LazyCommand(TyperCommand):
    """A command, some of whose options may stand without a value."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Complete the options without a value, then parse."""
        return super().parse_args(ctx, list(_with_bare_values(args)))


class LazyGroup(TyperGroup):
    """A group that knows its commands as entries."""

    entries: dict[str, Entry]

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - typer's signature
        """Return the names in the order of the list."""
        return list(self.entries)

    def get_command(self, ctx: Context, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """Import the command; None when there is none of that name."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else load(entry)

    def resolve_command(self, ctx: Context, args: list[str]) -> Any:
        """Find the command that the first argument names, or say which one may have been meant."""
        if args[0] not in self.entries and not args[0].startswith("-"):
            ctx.fail(f"there is no command `{args[0]}`; {self._meant(args[0])}")
        return super().resolve_command(ctx, args)

    def _meant(self, word: str) -> str:
        """Return what a word that is no command may have been meant for."""
        if word.lower().endswith((".yaml", ".yml")):
            command = "schedule add" if "run-now" in self.entries else "run"
            return f"`batch {command} {word}` takes that file"
        if Path(word).is_dir() and "prune" in self.entries:
            return f"`batch runs --out {word}` lists the runs there, `batch show {word}` shows one"
        if Path(word).exists():
            return f"a command comes first: `batch run {word}` asks personas, `batch show {word}` shows a run"
        return meant(word, self.entries)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse; `help X` is `X --help`."""
        return super().parse_args(ctx, help_last(args))

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:  # noqa: ARG002 - typer's signature
        """List the commands from their entries, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self.entries.values()])


def load(entry: Entry) -> Any:
    """Import the entry's function and return it as a typer command, or as a group where it has subcommands.

    An entry without a function is the root: all commands.
    """
    module, _, function = entry.target.partition(":")
    callback = getattr(import_module(module), function) if module else lambda: None
    settings: dict[str, Any] = {"help_option_names": ["--help", "-h"], "ignore_unknown_options": entry.loose}
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    if entry.entries:
        app.callback(cls=LazyGroup, invoke_without_command=bool(module), context_settings=settings)(callback)
    else:
        app.command(entry.name, cls=LazyCommand, short_help=entry.help, context_settings=settings)(callback)
    command: Any = typer.main.get_command(app)
    command.name, command.help = entry.name, _folded(command.help)
    command.entries = {below.name: below for below in entry.entries}
    for parameter in (*command.params, command.get_help_option(typer.Context(command, **settings))):
        parameter.get_runtime_param = _Reader
    return command


def run(args: Sequence[str]) -> int:
    """Parse and run the arguments of `batch`; return the exit code of the command.

    Raises:
        UsageError: what the parser found wrong, in one line that names the command's help.
    """
    root = load(Entry("batch", "", "", COMMANDS))
    try:
        with root.make_context(root.name, list(args)) as context:
            result = root.invoke(context)
    except typer.Exit as left:
        return left.exit_code
    except typer.TyperException as error:
        raise UsageError(_one_line(error, args)) from error
    return result if isinstance(result, int) else 0


class _Reader:
    """Words → values: text, whole numbers, numbers, flags, paths, literals, and lists of these."""

    def coerce(self, value: Any, param: Any, ctx: Context) -> Any:
        kind, info = param.type_descriptor.annotation, param.type_descriptor.parameter_info
        several = param.multiple or param.nargs == -1
        if get_origin(kind) is list:
            (kind,) = get_args(kind)
        if value is None:
            return () if several else None
        try:
            return tuple(_read(one, kind, info) for one in value) if several else _read(value, kind, info)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from None


def _read(word: Any, kind: Any, info: Any) -> Any:
    if get_origin(kind) is Literal:
        if word in get_args(kind):
            return word
        raise ValueError(f"{word!r}: {meant(word, get_args(kind))}")
    if kind not in (int, float):
        return kind(word)
    try:
        number = kind(word)
    except ValueError:
        raise ValueError(f"{word!r} is no {'whole number' if kind is int else 'number'}") from None
    if not math.isfinite(number):
        raise ValueError(f"{word!r} is no number")
    if info.min is not None and number < info.min:
        raise ValueError(f"{word} is less than {info.min}")
    if info.max is not None and number > info.max:
        raise ValueError(f"{word} is more than {info.max}")
    return number


def _with_bare_values(args: Sequence[str]) -> Iterable[str]:
    for place, arg in enumerate(args):
        yield arg
        if arg in VALUE_WHEN_BARE:
            following = args[place + 1 : place + 2]
            # a persona file is no run: it is the command's own argument
            if not following or following[0].startswith("-") or following[0].endswith((".yaml", ".yml")):
                yield VALUE_WHEN_BARE[arg]


def _folded(text: str | None) -> str | None:
    """Fold the paragraphs but those with indented lines, and mark all so that the formatter leaves them as they are.

    The formatter would also break `--fail-under` and all else that has a hyphen. The width is the formatter's own.
    """
    if not text:
        return text
    width = max(min(shutil.get_terminal_size().columns, 80) - 2, 50) - 2
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        f"\b\n{part}" if "\n " in f"\n{part}" else f"\b\n{fill(part, width, break_on_hyphens=False)}"
        for part in paragraphs
    )


def _one_line(error: typer.TyperException, args: Sequence[str]) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "batch"
    message = " ".join(error.format_message().split()).rstrip(".")
    option = getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):  # an option that the command does not have
        message = _no_such(_as_written(option, args), context, args)
    return f"{message} (see `{path} --help`)"


def _as_written(option: str, args: Sequence[str]) -> str:
    """Return an unknown option as the user wrote it: of `-temperature` the parser names only `-t`."""
    if option.startswith("--"):
        return option
    words = [word.partition("=")[0] for word in args]
    return next((word for word in words if word.startswith(option) and word[2:].isidentifier()), option)


def _no_such(option: str, context: Context, args: Sequence[str]) -> str:
    """Say that there is no such option, and what to write instead: a request parameter, or the nearest option."""
    told = f"no such option {option}"
    name = option.lstrip("-").replace("-", "_")
    params_of = () if context is None else context.command.get_params(context)
    options = [text for known in params_of for text in known.opts]
    options += ["--version"] if context is None or context.parent is None else []
    by_name = {text.lstrip("-").replace("-", "_"): text for text in options}
    if name in NEVER:
        return f"{told}: {NEVER[name]}"
    if name in by_name:
        return f"{told}; did you mean `{by_name[name]}`?"
    params: frozenset[str] = frozenset()
    if "--param" in options:
        from persona_batch.config.params import KNOWN, PASSED, REFUSED

        params = KNOWN | PASSED
        if name.casefold() in params:
            return f"{told}: it is a request parameter; write `{_as_param(name.casefold(), option, args)}`"
        if name.casefold() in REFUSED:
            return f"{told}: {REFUSED[name.casefold()]}"
    begun = [known for known in by_name if known.startswith(name)]
    if len(name) == 1 and len(begun) == 1:
        return f"{told}; did you mean `{by_name[begun[0]]}`?"
    near = nearest(name, [*sorted(params - by_name.keys()), *by_name])
    if near is None:
        return told
    return f"{told}; did you mean `{by_name[near] if near in by_name else _as_param(near, option, args)}`?"


def _as_param(name: str, option: str, args: Sequence[str]) -> str:
    """Return the words that set a request parameter to the value that the user gave the unknown option."""
    from persona_batch.credentials import mask

    value = "VALUE"
    for place, word in enumerate(args):
        written, equals, behind = word.partition("=")
        following = "".join(args[place + 1 : place + 2])
        if written != option:
            continue
        if equals:
            value = behind
        elif following and not following.startswith("--") and not following.endswith((".yaml", ".yml")):
            value = following
    return f"--param {shlex.quote(f'{name}={mask(value)}')}"
