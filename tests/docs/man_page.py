"""docs/man/batch.1: the man page, made of the commands as docs/cli.md is, by `python tests/docs/cli_page.py`.

The `man` macros, as every `man` knows them. A text goes through `escaped`, so that no letter of it is taken for a
request: backslashes, hyphens (which would be typeset as another sign, and not be found), quotes, and what is no ASCII.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import typer

from docs.cli_page import names
from persona_batch import __version__
from persona_batch.cli.commands import COMMANDS, Entry
from persona_batch.cli.parser import load

MAN = Path(__file__).parents[2] / "docs" / "man" / "batch.1"
_DATE = "2026-11-27"  # of the version
_SIGNS = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}

_ABOUT = (
    "asks every persona (a system prompt in a YAML file) every question, keeps every reply in a folder, and says "
    "whether a system prompt made a real difference."
)
_NAMES = (
    "Results go to stdout, all else to stderr. A FILE may be a file, a folder or a glob. A RUN is a run folder, a "
    "records file, a run id or its beginning, `latest` or `previous`."
)
_REST = [
    ("EXIT STATUS", [
        ("0", "complete"),
        ("1", "some cells failed, or a bug of batch's own: its traceback is in a file that the message names"),
        ("2", "wrong usage, a wrong file, or a missing key"),
        ("3", "stopped early with work left: a quota, a budget, a time limit, an endpoint that is down, a full disk"),
        ("4", "another process holds the run"),
        ("100", "fewer checks passed than --fail-under asks"),
        ("130", "interrupted"),
        ("141", "the reader of the output left"),
    ]),
    ("ENVIRONMENT", [
        ("OPENAI_API_KEY, MODELSCOPE_API_KEY, …", "the keys of endpoints; `batch providers` names them all"),
        ("PERSONA_BATCH_STATE", "the folder for counts and jobs, in place of the user's state folder"),
        ("NO_COLOR, COLUMNS", "no colours; the width of what is printed"),
    ]),
    ("FILES", [
        ("personas/*.yaml, prompts/*.yaml", "personas and questions; `batch schema persona` describes them"),
        ("runs/*/records.jsonl, runs/*/run.json", "a run: a reply a line, and what was asked"),
        (".env", "keys, as NAME=value, in the working folder"),
    ]),
]  # fmt: skip


def escaped(text: str) -> str:
    """Return a text as roff has it, on one line."""
    signs = "".join(_SIGNS.get(sign, sign if " " <= sign <= "~" else f"\\[u{ord(sign):04X}]") for sign in text)
    return f"\\&{signs}" if signs.startswith(".") else signs


def paragraph(text: str) -> list[str]:
    """Return a paragraph as roff has it, in lines of the usual length."""
    return [escaped(line) for line in wrap(text, 66, break_long_words=False, break_on_hyphens=False)]


def man_page() -> str:
    """Return the whole page."""
    lines = [
        '.\\" Made by tests/docs/cli_page.py',
        f'.TH BATCH 1 {_DATE} "persona\\-batch {escaped(__version__)}" "User Commands"',
        ".SH NAME",
        r"batch, persona\-batch \- ask every persona every question, and compare the replies",
        ".SH SYNOPSIS",
        r".B batch",
        r".I COMMAND",
        r"[\fIARGUMENTS\fR] [\fIOPTIONS\fR]",
        ".SH DESCRIPTION",
        ".B batch",
        *paragraph(_ABOUT),
        ".PP",
        *paragraph(_NAMES),
        ".SH COMMANDS",
    ]
    for words, entry in _entries():
        lines += _command(words, entry)
    for title, rows in _REST:
        lines.append(f".SH {title}")
        for name, about in rows:
            lines += [".TP", f".B {escaped(name)}", *paragraph(about)]
    lines += [".SH SEE ALSO", ".BR cron (8)"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _entries() -> Iterator[tuple[tuple[str, ...], Entry]]:
    for words in names(COMMANDS):
        entries: tuple[Entry, ...] = COMMANDS
        for word in words:
            entry = next(entry for entry in entries if entry.name == word)
            entries = entry.entries
        yield words, entry


def _command(words: tuple[str, ...], entry: Entry) -> list[str]:
    command: Any = load(entry)
    context = typer.Context(command, info_name=" ".join(("batch", *words)))
    usage = command.collect_usage_pieces(context)
    lines = [f'.SS "{escaped(" ".join(("batch", *words)))} {escaped(" ".join(usage))}"']
    module, _, function = entry.target.partition(":")
    text = inspect.getdoc(getattr(__import__(module, fromlist=[function]), function)) or entry.help
    for number, part in enumerate(text.split("\n\n")):
        head, *rest = part.split("\n")
        if number:
            lines.append(".PP")
        if rest and rest[0].startswith(" "):  # a block that stands as it is written
            lines += [*paragraph(head), ".PP", ".nf", *(f"    {escaped(line.strip())}" for line in rest), ".fi"]
        else:
            lines += paragraph(part)
    for param in command.params:
        if param.param_type_name == "option" and not param.hidden:
            written, about = param.get_help_record(context)
            lines += [".TP", f".B {escaped(written)}", *paragraph(about)]
    return lines
