"""A command as data, and the help page of a list of them; light, as `batch --help` is made of nothing else."""

from collections.abc import Iterable
from typing import NamedTuple


class Entry(NamedTuple):
    """One command. `target` is `module:function`; `entries` are subcommands, if any.

    `loose`: options that the command does not know are passed to it among its arguments.
    """

    name: str
    target: str
    help: str
    entries: tuple["Entry", ...] = ()
    loose: bool = False


def help_page(usage: str, text: str, options: Iterable[tuple[str, str]], entries: Iterable[Entry]) -> str:
    """Return a help page of plain text; it ends with a line feed."""
    commands = [(entry.name, entry.help) for entry in entries]
    indented = "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
    return f"Usage: {usage}\n\n{indented}\n\nOptions:\n{_rows(options)}\nCommands:\n{_rows(commands)}"


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    return "".join(f"  {name:<{width}}  {text}\n" for name, text in rows)
