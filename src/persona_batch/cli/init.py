"""`batch init`: a small working folder for someone who has the package but not the repository."""

import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.errors import UsageError

_DOTTED = {"gitignore": ".gitignore", "env.example": ".env.example"}  # packaged without the dot


def init(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where to put it.", show_default=False)] = ".",
) -> None:
    """Make a working folder: personas, prompts, schemas for your editor, .env.example and .gitignore.

    Nothing that exists is overwritten: if any of the files is there already, none is written.

    Examples:
        batch init
        batch init my-study
    """
    from persona_batch.schemas import shipped

    target = Path(folder).expanduser()
    texts = {target / name: text for name, text in _starter()}
    texts |= {target / "schemas" / f"{kind}.schema.json": shipped(kind) for kind in ("persona", "questions")}
    taken = [path for path in texts if os.path.lexists(path)]
    if taken:
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise UsageError(f"{taken[0]} exists already{more}, nothing was written; name another folder: batch init DIR")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written ({error.strerror}); name another folder") from error
    for path in texts:
        typer.echo(path.as_posix())
    enter = "" if folder == "." else f"  cd {folder}\n"
    typer.echo(
        f"\nNext:\n{enter}"
        "  batch check personas prompts         look for mistakes; nothing is sent\n"
        "  batch run personas/pirate.yaml       ask the embedded model (or name a --provider)\n"
        "  batch compare                        what did the persona change?",
        err=True,
    )


def _starter() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, Traversable]] = [("", files("persona_batch").joinpath("starter"))]
    while waiting:
        prefix, folder = waiting.pop()
        for entry in folder.iterdir():
            name = prefix + _DOTTED.get(entry.name, entry.name)
            if entry.is_dir():
                waiting.append((f"{name}/", entry))
            else:
                found.append((name, entry.read_text(encoding="utf-8")))
    return sorted(found)
