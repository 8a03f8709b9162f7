"""The command `batch`: the list of its commands, and the entry point.

A command's module is imported when the command is called or its own help is asked for; the one-line helps
stand here as data, so that `batch --help` imports none of them.
"""

import sys
from io import TextIOWrapper

import typer

from persona_batch import __version__
from persona_batch.cli.boundary import guarded
from persona_batch.cli.lazy import Entry, LazyGroup, group_of

COMMANDS = (
    Entry("run", "persona_batch.cli.run:run", "Ask every persona every question and keep every reply."),
    Entry("ask", "persona_batch.cli.ask:ask", "Ask one question; show what is sent, and the reply."),
    Entry("chat", "persona_batch.cli.chat:chat", "Talk with a persona; the history is kept."),
    Entry("show", "persona_batch.cli.show:show", "Show the messages and replies of a run."),
    Entry("compare", "persona_batch.cli.compare:compare", "Say which personas changed the replies."),
    Entry("runs", "persona_batch.cli.runs:runs", "List the runs."),
    Entry("check", "persona_batch.cli.check:check", "Check input files; nothing is sent."),
    Entry("providers", "persona_batch.cli.providers:providers", "List the endpoints, and which have a key."),
    Entry("schema", "persona_batch.cli.schema:schema", "Print a JSON Schema for editors."),
    Entry("init", "persona_batch.cli.init:init", "Make a small working folder to start from."),
)

HELP = """Ask every persona every question, keep every reply, and say whether a system prompt
made a real difference.

Examples:
    batch run personas/wukong.yaml
    batch ask personas/wukong.yaml 你对取经怎么看？
    batch compare latest
"""


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"persona-batch {__version__}")
        raise typer.Exit


def _global_options(
    version: bool = typer.Option(
        False, "--version", help="Print the version and leave.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Take the options that stand before the command."""


def build() -> LazyGroup:
    """Return the command `batch` with all its subcommands, none of them imported yet."""
    return group_of(_global_options, name="batch", help_text=HELP, entries=COMMANDS, completion=True)


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(guarded(lambda: build().main(prog_name="batch", standalone_mode=False)))
