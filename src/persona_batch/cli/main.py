"""The command `batch`: the list of its commands, and the entry point.

A command's module is imported when the command is called or its own help is asked for; the one-line helps
stand here as data, so that `batch --help` imports none of them, and not even typer.
"""

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from persona_batch import __version__
from persona_batch.cli.boundary import guarded
from persona_batch.cli.entry import Entry, help_page
from persona_batch.errors import NotYetError, UsageError

COMMANDS = (
    Entry("run", "persona_batch.cli.run:run", "Ask every persona every question and keep every reply."),
    Entry("ask", "persona_batch.cli.ask:ask", "Ask one question; show what is sent, and the reply."),
    Entry("chat", "persona_batch.cli.chat:chat", "Talk with a persona; the history is kept."),
    Entry("show", "persona_batch.cli.show:show", "Show the messages and replies of a run."),
    Entry("compare", "persona_batch.cli.compare:compare", "Say which personas changed the replies."),
    Entry("history", "persona_batch.cli.history:history", "Follow a batch over its runs: trends and drift."),
    Entry(
        "runs",
        "persona_batch.cli.runs:runs",
        "List the runs; prune: delete old ones.",
        entries=(Entry("prune", "persona_batch.cli.prune:prune", "Delete all but the newest runs of each batch."),),
    ),
    Entry(
        "schedule",
        "persona_batch.cli.schedule:schedule",
        "Run batches from cron: add, list, remove, run-now.",
        entries=(
            Entry("add", "persona_batch.cli.schedule_add:add", "Add a job to your crontab.", loose=True),
            Entry("list", "persona_batch.cli.schedule:list_jobs", "List jobs, next starts and last results."),
            Entry("remove", "persona_batch.cli.schedule:remove", "Take a job out of the crontab."),
            Entry("run-now", "persona_batch.cli.schedule:run_now", "Run a job at once, as cron would."),
            Entry("run-job", "persona_batch.cli.schedule_job:run_job", "What the crontab line calls."),
        ),
    ),
    Entry("check", "persona_batch.cli.check:check", "Check input files; nothing is sent."),
    Entry("providers", "persona_batch.cli.providers:providers", "List the endpoints, and which have a key."),
    Entry("schema", "persona_batch.cli.schema:schema", "Print a JSON Schema for editors."),
    Entry("init", "persona_batch.cli.init:init", "Make a small working folder to start from."),
)

PLANNED = {
    "report": "`batch compare --format markdown` prints a comparison for a page",
    "import": "`batch schema persona` describes the files to write",
    "export": "records.jsonl is plain JSON Lines, and `batch compare --format csv` makes a table",
}

HELP = """
Ask every persona every question, keep every reply, and say whether a system
prompt made a real difference.

Examples:
    batch run personas/wukong.yaml
    batch ask personas/wukong.yaml 你对取经怎么看？
    batch compare latest
"""

OPTIONS = (
    ("--version", "Print the version and leave."),
    ("--install-completion", "Install completion for the current shell."),
    ("--show-completion", "Print the completion script of the current shell."),
    ("-h, --help", "Print this page; `batch help COMMAND`: a command's."),
)


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    _open_what_is_closed()
    gc.set_threshold(50_000, 20, 100)  # imports allocate much and free little: looking often is a tenth of the start
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # `typed` says what is no UTF-8
    sys.exit(run_command(sys.argv[1:]))


def _open_what_is_closed() -> None:
    # `batch … >&-`: nobody reads it, but the run is to be done, and its files must not take the stream's place
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open to the end


def run_command(args: Sequence[str]) -> int:
    """Run `batch` with these arguments; return the exit code, with every error shown on stderr."""
    return guarded(lambda: _dispatch(args))


def _dispatch(args: Sequence[str]) -> int:
    if args[:1] == ["help"]:
        args = [*[word for word in args if word != "help"], "--help"]
    page = help_page("batch COMMAND [ARGUMENTS] [OPTIONS]", HELP, OPTIONS, COMMANDS)
    if args[:1] in (["--help"], ["-h"]):
        sys.stdout.write(page)
        return 0
    if args[:1] == ["--version"]:
        sys.stdout.write(f"persona-batch {__version__}\n")
        return 0
    if args[:1] and args[0] in PLANNED:
        raise NotYetError(f"`{args[0]}` is planned and not built yet; {PLANNED[args[0]]}")
    _check_utf8(args)
    from persona_batch.cli.lazy import group_of, run

    _refuse_keys(args)
    group = group_of(_no_options, COMMANDS, name="batch", completion=True)
    group.page = page
    return run(group, args)


def _refuse_keys(args: Sequence[str]) -> None:
    """Refuse a key among the arguments: others on the machine see them, shells and crontabs keep them."""
    from persona_batch.credentials import has_key

    for place, arg in enumerate(args):
        if has_key(arg):
            option = next((word.partition("=")[0] for word in (arg, *args[:place][-1:]) if word.startswith("-")), "")
            raise UsageError(
                f"{option or f'argument {place + 1}'}: what looks like a key never stands on the command line; put it "
                "into the environment or a `.env` file and name the variable by `--api-key-env`"
            )


def _check_utf8(args: Sequence[str]) -> None:
    """Refuse names that cannot stand in records and manifests, which are UTF-8, before anything is done with them."""
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib would be one more import
    except FileNotFoundError:
        raise UsageError("the working folder was deleted; change to another folder") from None
    for text, what in ((here, "the working folder"), *((arg, "an argument") for arg in args)):
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = os.fsencode(text).decode("utf-8", "backslashreplace")
            raise UsageError(f"{shown}: the name of {what} is not UTF-8; rename it or write it in UTF-8") from None


def _no_options() -> None:
    """Stand for the options before the command, of which there are none."""
