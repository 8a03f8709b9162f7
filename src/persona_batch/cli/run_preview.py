"""`batch run --dry-run`: the size of a run in numbers, and its first messages."""

import sys

import msgspec

from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.preview import Preview, preview
from persona_batch.view.palette import palette_for
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import tell
from persona_batch.view.transcript import messages_block, page_for, title_of


def show_preview(options: RunOptions, *, as_json: bool) -> None:
    """Print what the call would do; with `as_json` as one JSON document.

    Raises:
        UsageError, ConfigError: what would stop the run itself.
    """
    found = preview(options)
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    for warning in found.warnings:
        tell(warning)
    sys.stdout.write(_numbers(found))
    page = page_for(sys.stdout)
    for cell in found.first:
        sys.stdout.write("\n" + messages_block(cell.messages, page, title_of(cell)))


def _numbers(found: Preview) -> str:
    lines = [
        f"{found.requests} requests to {found.endpoint} ({', '.join(found.models)})",
        f"{len(found.personas)} personas and controls, {found.questions} questions, {found.samples} samples",
    ]
    if found.resumes is not None:
        lines.append(f"resumes {found.resumes}: {found.cells - found.requests} of {found.cells} cells are done")
    if found.estimate is None:
        lines.append("tokens: no earlier run to estimate them from")
    else:
        lines.append(
            f"about {found.estimate.prompt_tokens:,} prompt and {found.estimate.completion_tokens:,} reply tokens, "
            f"judging by {found.estimate.source}"
        )
    if found.days is not None:
        lines.append(f"{found.days} days at {found.per_day:,} requests a day")
    rows = [(persona, str(cells)) for persona, cells in found.personas.items()]
    cells = table((Column("persona"), Column("cells", "right")), rows, palette_for(sys.stdout))
    return "\n".join(lines) + "\n\n" + cells + "\nNothing was sent.\n"
