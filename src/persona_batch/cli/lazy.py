"""A group of commands whose modules are imported when they are needed, with plain-text help (no rich)."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

Context: TypeAlias = Any  # the parser's context and formatter are no public names of typer
Formatter: TypeAlias = Any


class Entry(NamedTuple):
    """One command as data. `target` is `module:function`; `entries` are subcommands, if any."""

    name: str
    target: str
    help: str
    entries: tuple["Entry", ...] = ()


class PlainCommand(TyperCommand):
    """A command whose help keeps the line breaks of indented paragraphs (examples)."""

    def format_help_text(self, ctx: Context, formatter: Formatter) -> None:
        """Write the docstring."""
        self.help = _keep_indented(self.help)
        super().format_help_text(ctx, formatter)


class LazyGroup(TyperGroup):
    """A group that knows its commands as entries."""

    entries: dict[str, Entry]

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - typer's signature
        """Return the names in the order of the list."""
        return list(self.entries)

    def get_command(self, ctx: Context, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """Import the command; None when there is none of that name."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else _load(entry)

    def resolve_command(self, ctx: Context, args: list[str]) -> Any:
        """Find the command that the first argument names, or say which one may have been meant."""
        if args[0] not in self.entries and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.entries, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"there is no command `{args[0]}`{hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Print the help on stderr and exit 2 where a command is missing."""
        if not args and not self.invoke_without_command and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: Context, formatter: Formatter) -> None:
        """Write the docstring."""
        self.help = _keep_indented(self.help)
        super().format_help_text(ctx, formatter)

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:  # noqa: ARG002 - typer's signature
        """List the commands from their entries, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self.entries.values()])


def group_of(
    callback: Callable[..., Any] | None,
    *,
    name: str,
    help_text: str | None,
    entries: tuple[Entry, ...],
    runs_alone: bool = False,
    completion: bool = False,
) -> LazyGroup:
    """Return a group.

    `callback` takes the options before the command; with `runs_alone` it is a command itself.
    """
    app = typer.Typer(
        name=name,
        cls=LazyGroup,
        callback=callback,
        invoke_without_command=runs_alone,
        help=help_text,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    group.entries = {entry.name: entry for entry in entries}
    return group


def _load(entry: Entry) -> Any:
    module, _, function = entry.target.partition(":")
    callback: Callable[..., Any] | None = getattr(import_module(module), function) if module else None
    if entry.entries:
        return group_of(
            callback,
            name=entry.name,
            help_text=callback.__doc__ if callback else entry.help,
            entries=entry.entries,
            runs_alone=callback is not None,
        )
    assert callback is not None, f"the entry {entry.name} has neither a function nor subcommands"
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(entry.name, cls=PlainCommand, short_help=entry.help)(callback)
    return typer.main.get_command(app)


def _keep_indented(text: str | None) -> str | None:
    """Mark paragraphs with indented lines so that the formatter does not rewrap them."""
    if text is None:
        return None
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        f"\b\n{part}" if not part.startswith("\b") and "\n " in f"\n{part}" else part for part in paragraphs
    )
