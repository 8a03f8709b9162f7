"""The commands of `batch` as data, and its help page; light, as `batch --help` imports nothing else, not even typer.

A new command is a module of this package and an entry here.
"""

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


COMMANDS = (
    Entry("run", "persona_batch.cli.run:run", "Ask every persona every question and keep every reply."),
    Entry("ask", "persona_batch.cli.ask:ask", "Ask one question; show what is sent, and the reply."),
    Entry("chat", "persona_batch.cli.chat:chat", "Talk with a persona; the history is kept."),
    Entry("show", "persona_batch.cli.show:show", "Show the messages and replies of a run."),
    Entry("compare", "persona_batch.cli.compare:compare", "Say which personas changed the replies."),
    Entry("check-replies", "persona_batch.cli.check_replies:check_replies", "Put checks to old replies; asks nothing."),
    Entry("judge", "persona_batch.cli.judge:judge", "Let another model judge the replies of a run by a rubric."),
    Entry("rate", "persona_batch.cli.rate:rate", "Draw replies for people to rate, and take over their ratings."),
    Entry("report", "persona_batch.cli.report:report", "Write a run as one page to look at, in a browser."),
    Entry("history", "persona_batch.cli.history:history", "Follow a batch over its runs: trends and drift."),
    Entry(
        "runs",
        "persona_batch.cli.runs:runs",
        "List the runs; prune: delete old ones.",
        entries=(Entry("prune", "persona_batch.cli.prune:prune", "Delete all but the newest runs of each batch."),),
    ),
    Entry("merge", "persona_batch.cli.merge:merge", "Make one run of the shards of a batch."),
    Entry("submissions", "persona_batch.cli.submissions:submissions", "List a run's batch files, and settle them."),
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
    Entry("export", "persona_batch.cli.export:export", "Write the records of a run as other programs take them."),
    Entry("import", "persona_batch.cli.import_:import_", "Make files of other tools' personas and questions."),
    Entry("import-results", "persona_batch.cli.import_results:import_results", "Make a run of another tool's results."),
    Entry("providers", "persona_batch.cli.providers:providers", "List the endpoints, and which have a key."),
    Entry("schema", "persona_batch.cli.schema:schema", "Print a JSON Schema for editors."),
    Entry("init", "persona_batch.cli.init:init", "Make a small working folder to start from."),
)

_TEXT = """\
Usage: batch COMMAND [ARGUMENTS] [OPTIONS]

  Ask every persona every question, keep every reply, and say whether a system
  prompt made a real difference.

  Examples:
      batch run personas/wukong.yaml
      batch ask personas/wukong.yaml 你对取经怎么看？
      batch compare latest

Options:
  --version             Print the version and leave.
  --install-completion  Let your shell complete `batch`: bash, zsh or fish.
  --show-completion     Print the script that does so (`… SHELL`).
  -h, --help            Print this page; `batch help COMMAND`: a command's.

Commands:
"""


def help_page() -> str:
    """Return what `batch --help` prints."""
    width = max(len(entry.name) for entry in COMMANDS)
    return _TEXT + "".join(f"  {entry.name:<{width}}  {entry.help}\n" for entry in COMMANDS)


def help_last(args: Iterable[str]) -> list[str]:
    """Return `help run` as `run --help`, and all other arguments as they are."""
    words = list(args)
    while words[:1] == ["help"]:
        words = [*words[1:], *(() if "--help" in words else ("--help",))]
    return words
