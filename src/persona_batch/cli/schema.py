"""`batch schema`: a JSON Schema for editors and scripts."""

from difflib import get_close_matches
from typing import Annotated

import typer

from persona_batch.errors import UsageError


def schema(kind: Annotated[str, typer.Argument(metavar="KIND", help="persona, questions or record.")]) -> None:
    """Print the JSON Schema of a persona file, a question file, or a line of records.jsonl.

    An editor with a YAML language server completes and checks a file whose first line is
    `# yaml-language-server: $schema=persona.schema.json` (a path relative to the file).

    Examples:
        batch schema persona > persona.schema.json
        batch schema record
    """
    from persona_batch.schemas import KINDS, shipped

    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f", did you mean `{near[0]}`?" if near else ""
        raise UsageError(f"there is no schema of `{kind}`{hint} (expected persona, questions or record)")
    typer.echo(shipped(kind), nl=False)
