"""`batch check`: are the input files right? Nothing is sent and nothing written."""

import gc
import json
from typing import Annotated

import typer

from persona_batch.cli.options import Json
from persona_batch.view.terminal import tell
from persona_batch.wording import counted


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Persona and question files, folders, globs.")],
    each: Annotated[
        bool, typer.Option("--each", help="Each file by itself, with what it names in its folder: for hooks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check persona and question files; every mistake is named with its line and column.

    Persona files are checked together, as `batch run` would take them; question files one by one.

    Examples:
        batch check personas/wukong.yaml
        batch check personas prompts --json
    """
    gc.disable()  # a short life: collecting what the imports leave would be a tenth of it
    from persona_batch.config.each import survey_each
    from persona_batch.config.load import survey

    result = survey_each(files) if each else survey(files)
    for warning in result.warnings:
        tell(f"warning: {warning}")
    if as_json:
        rows = [
            {"path": file.path, "kind": file.kind, "personas": file.personas, "questions": file.questions}
            for file in result.files
        ]
        typer.echo(json.dumps({"files": rows, "warnings": list(result.warnings)}, ensure_ascii=False))
        return
    for file in result.files:
        if file.kind == "rubric":
            typer.echo(f"{file.path}: a rubric")
            continue
        counts = [counted(file.personas, "persona")] if file.kind == "persona" else []
        typer.echo(f"{file.path}: {', '.join([*counts, counted(file.questions, 'question')])}")
