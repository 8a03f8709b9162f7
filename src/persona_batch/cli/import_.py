"""`batch import`: personas and questions of other tools become files of ours."""

from pathlib import Path
from typing import Annotated

import typer

from persona_batch.view.terminal import one_line, tell
from persona_batch.wording import counted


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

    reading = Reading(ImportOptions(user=user, locale=locale), None if name is None else format_named(name))
    folder = Path(out).expanduser()
    written = write(lambda: reading.all(sources), folder, force=force, dry_run=dry_run)
    for note in (*reading.notes(), *written.notes):
        tell(note)
    for path in written.made:
        typer.echo(one_line((folder / path).as_posix()))
    if written.unchanged:
        tell(f"unchanged: {counted(len(written.unchanged), 'file')}")
    parts = ((written.personas, "persona"), (written.questions, "question"))
    found = " and ".join(counted(number, noun) for number, noun in parts if number)
    tell(f"{found} {'found; nothing was written' if dry_run else 'imported'}{_next(written.made, folder, dry_run)}")


def _next(made: tuple[Path, ...], folder: Path, dry_run: bool) -> str:
    """Return the command to try next."""
    if dry_run or not made:
        return ""
    personas = [path for path in made if path.parts[0] == "personas" and path.suffix == ".yaml"]
    return f"; next: `batch check {(folder / personas[0] if len(personas) == 1 else folder).as_posix()}`"
