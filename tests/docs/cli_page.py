"""Writes what is made of the commands' own help: `python tests/docs/cli_page.py`.

docs/cli.md is their help pages, docs/man/batch.1 the man page (`man_page`), words.json what completion offers.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from persona_batch.cli.commands import COMMANDS, Entry

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
_HEAD = """# Commands

This page is made from the commands' own help: `python tests/docs/cli_page.py`.

A FILE may be a file, a folder or a glob. A RUN is a run folder, a records file, a run id (or its beginning), or
`latest`, the default, or `previous`, the run before it. Results go to stdout and everything else to stderr. The exit
codes are explained in [What a run leaves](records.md#exit-codes).

On a terminal, lines are folded between words; in a pipe they are as long as they are. Tokens stand as
`prompt+reply` in every table, and their sum below it.
"""


def names(entries: Iterable[Entry], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, subcommands after their group."""
    for entry in entries:
        words = (*before, entry.name)
        yield words
        yield from names(entry.entries, words)


def help_of(words: tuple[str, ...]) -> str:
    """Return what `batch … --help` prints at a width of 80."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "persona_batch", *words, "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True, encoding="utf-8")
    return done.stdout


def page() -> str:
    """Return the whole page."""
    commands = [(), *names(COMMANDS)]
    with ThreadPoolExecutor(2) as pool:
        helps = list(pool.map(help_of, commands))
    parts = [_HEAD]
    for words, text in zip(commands, helps, strict=True):
        level = "##" if len(words) < 2 else "###"
        lines = "\n".join(line.rstrip() for line in text.rstrip().splitlines())
        parts.append(f"{level} {' '.join(('batch', *words))}\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


def main() -> None:
    """Write the page, the man page and the words of completion."""
    from docs.man_page import MAN, man_page
    from persona_batch.cli.completion import generate

    generate.write()
    MAN.write_text(man_page(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
