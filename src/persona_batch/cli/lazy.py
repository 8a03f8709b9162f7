"""Typer commands and groups that import a command's module when it is needed, with plain-text help (no rich)."""

import inspect
import shlex
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from textwrap import fill
from typing import Any, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from persona_batch.cli.boundary import ReaderLeft
from persona_batch.cli.entry import Entry
from persona_batch.cli.values import read_lightly
from persona_batch.errors import UsageError
from persona_batch.wording import meant, nearest

Context: TypeAlias = Any  # the parser's context and formatter are no public names of typer
Formatter: TypeAlias = Any

VALUE_WHEN_BARE = {"--resume": "latest", "--print": "cron"}
"""Options that may stand without their value, and the value they then have."""

_HELP = {"help_option_names": ["--help", "-h"]}


class PlainCommand(TyperCommand):
    """A command whose help keeps the line breaks of indented paragraphs (examples)."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Complete the options that may stand without a value, then parse."""
        return super().parse_args(ctx, list(_with_bare_values(args)))

    def get_help_option(self, ctx: Context) -> Any:
        """Return `--help`."""
        return _light(super().get_help_option(ctx))

    def format_help_text(self, ctx: Context, formatter: Formatter) -> None:
        """Write the docstring."""
        self.help = _folded(self.help, formatter.width - formatter.indent_increment)
        super().format_help_text(ctx, formatter)


class LazyGroup(TyperGroup):
    """A group that knows its commands as entries; `page` replaces its help."""

    entries: dict[str, Entry]
    page: str | None = None

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
        """Print the help on stderr and exit 2 where a command is missing; `help X` is `X --help`."""
        args = help_last(args)
        if not args and not self.invoke_without_command and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # as itself, it would be the parser's to handle
            raise ReaderLeft from error

    def get_help_option(self, ctx: Context) -> Any:
        """Return `--help`."""
        return _light(super().get_help_option(ctx))

    def get_help(self, ctx: Context) -> str:
        """Return the page, or one made by the formatter."""
        return super().get_help(ctx) if self.page is None else self.page.rstrip()

    def format_help_text(self, ctx: Context, formatter: Formatter) -> None:
        """Write the docstring."""
        self.help = _folded(self.help, formatter.width - formatter.indent_increment)
        super().format_help_text(ctx, formatter)

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:  # noqa: ARG002 - typer's signature
        """List the commands from their entries, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self.entries.values()])


def group_of(
    callback: Callable[..., Any] | None,
    entries: Iterable[Entry],
    *,
    name: str,
    help_text: str | None = None,
    runs_alone: bool = False,
    completion: bool = False,
) -> LazyGroup:
    """Return a group.

    `callback` takes the options before the command; with `runs_alone` it is a command itself.
    """
    app = typer.Typer(
        name=name,
        cls=LazyGroup,
        callback=callback or _no_options,
        invoke_without_command=runs_alone,
        context_settings=_HELP,
        help=help_text,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    group.entries = {entry.name: entry for entry in entries}
    read_lightly(group.params)
    return group


def _no_options() -> None:
    """Stand for the options before a command, of which there are none."""


def load(entry: Entry) -> Any:
    """Import the entry's function and return it as a typer command, or as a group where it has subcommands."""
    module, _, function = entry.target.partition(":")
    callback: Callable[..., Any] | None = getattr(import_module(module), function) if module else None
    if entry.entries:
        return group_of(
            callback,
            entry.entries,
            name=entry.name,
            help_text=callback.__doc__ if callback else entry.help,
            runs_alone=callback is not None,
        )
    assert callback is not None, f"the entry {entry.name} has neither a function nor subcommands"
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"ignore_unknown_options": True, **_HELP} if entry.loose else _HELP
    app.command(entry.name, cls=PlainCommand, short_help=entry.help, context_settings=settings)(callback)
    command = typer.main.get_command(app)
    read_lightly(command.params)
    return command


def run(group: LazyGroup, args: Sequence[str]) -> int:
    """Parse and run the arguments; return the exit code of the command.

    Raises:
        UsageError: what the parser found wrong, in one line that names the command's help.
    """
    try:
        result = group.main(args, prog_name=group.name, standalone_mode=False)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        raise UsageError(_one_line(error, args)) from error
    return result if isinstance(result, int) else 0


def _light(option: Any) -> Any:
    read_lightly([option])
    return option


def help_last(args: Sequence[str]) -> list[str]:
    """Return `help run` as `run --help`, and all other arguments as they are."""
    words = list(args)
    while words[:1] == ["help"]:
        words = [*words[1:], *(() if "--help" in words else ("--help",))]
    return words


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


def _with_bare_values(args: Sequence[str]) -> Iterable[str]:
    for place, arg in enumerate(args):
        yield arg
        if arg in VALUE_WHEN_BARE:
            following = args[place + 1 : place + 2]
            # a persona file is no run: it is the command's own argument
            if not following or following[0].startswith("-") or following[0].endswith((".yaml", ".yml")):
                yield VALUE_WHEN_BARE[arg]


def _folded(text: str | None, width: int) -> str | None:
    """Fold the paragraphs but those with indented lines, and mark all so that the formatter leaves them as they are.

    The formatter would also break `--fail-under` and all else that has a hyphen.
    """
    if text is None:
        return None
    paragraphs = [part.removeprefix("\b\n") for part in inspect.cleandoc(text).split("\n\n")]
    return "\n\n".join(
        f"\b\n{part}" if "\n " in f"\n{part}" else f"\b\n{fill(part, width, break_on_hyphens=False)}"
        for part in paragraphs
    )
