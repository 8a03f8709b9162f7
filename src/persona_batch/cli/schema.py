"""`batch schema`: a JSON Schema for editors and scripts."""

from typing import Annotated

import typer

from persona_batch.errors import UsageError
from persona_batch.wording import meant


def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="persona, questions, rubric, record or comparison.")],
) -> None:
    """Print the JSON Schema of a persona, question or rubric file, a line of records.jsonl, or a comparison as JSON.

    An editor with a YAML language server completes and checks a file whose first line is
    `# yaml-language-server: $schema=persona.schema.json` (a path relative to the file).

    Examples:
        batch schema persona > persona.schema.json
        batch schema record
    """
    from persona_batch.schemas import KINDS, shipped

    if kind not in KINDS:
        raise UsageError(f"there is no schema of `{kind}`; {meant(kind, KINDS)}")
    typer.echo(shipped(kind), nl=False)
