"""`batch import`: personas and questions of other tools become files of ours."""

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_batch.view.terminal import one_line, tell
from persona_batch.wording import counted

if TYPE_CHECKING:
    from persona_batch.exchange.sources.writing.writing import Written


def import_(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files and folders of another tool.")],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FOLDER", help="Where `personas/` and `prompts/` are made.")
    ] = ".",
    name: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="The sources' format, where it is not recognised.")
    ] = None,
    user: Annotated[str, typer.Option(metavar="NAME", help="Who `{{user}}` is in a character's texts.")] = "User",
    locale: Annotated[
        str | None, typer.Option(metavar="LOCALE", help="Only this language of an agent, as zh-CN (default: all).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that say something else.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
) -> None:
    """Make persona and question files of what other tools have; docs/import.md lists the formats.

    Every text arrives as it is, byte for byte. What could not be carried over is said, or kept beside it under
    `imported`. A file that says something else is never written over without --force, and nothing is written unless
    all of it can be.

    Examples:
        batch import prompts.csv
        batch import roles/ questions.jsonl -o study
    """
    from persona_batch.exchange.sources.found import ImportOptions
    from persona_batch.exchange.sources.recognising import Reading, format_named
    from persona_batch.exchange.sources.writing.writing import write
    from persona_batch.view.live import Advance

    folder, form = Path(out).expanduser(), None if name is None else format_named(name)
    with ended_alike(), Advance(sys.stderr, "importing:", dict(os.environ)) as advance:
        reading = Reading(ImportOptions(user=user, locale=locale), form, advance.about)
        written = write(lambda: reading.all(sources), folder, force=force, dry_run=dry_run, progress=advance.count)
    for note in (*reading.notes(), *written.notes):
        tell(note)
    for path in written.made:
        typer.echo(one_line((folder / path).as_posix()))
    if written.unchanged:
        tell(f"unchanged: {counted(len(written.unchanged), 'file')}")
    parts = ((written.personas, "persona"), (written.questions, "question"))
    found = " and ".join(counted(number, noun) for number, noun in parts if number)
    tell(
        f"{found} {'found; nothing was written' if dry_run else 'imported'}{'' if dry_run else _next(written, folder)}"
    )


def _next(written: "Written", folder: Path) -> str:
    """Return the command to try next: one that looks at all that came of the sources, and at nothing else."""
    if not written.made:
        return ""
    files = [path for path in (*written.made, *written.unchanged) if path.suffix == ".yaml"]
    personas = [path for path in files if path.parts[0] == "personas"]
    names_all = written.sources == 1 and len(personas) == 1  # a persona file names the questions of its source
    if names_all or len(files) == 1:
        named = [personas[0] if names_all else files[0]]
    elif folder == Path():  # where the sources may lie, too
        named = [Path(name) for name in sorted({path.parts[0] for path in files})]
    else:
        named = [Path()]
    return f"; next: `batch check {' '.join(shlex.quote((folder / path).as_posix()) for path in named)}`"


@contextmanager
def ended_alike() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does, so that it clears up; what `nohup` had ignored stays so."""

    def end(number: int, _: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
