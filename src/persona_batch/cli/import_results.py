"""`batch import-results`: a run of another tool's results."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.errors import UsageError
from persona_batch.view.terminal import one_line, tell


def import_results(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Results of promptfoo, Inspect, EvalScope, …: files, or a folder."),
    ],
    out: Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="Folder of runs.")] = "runs",
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="promptfoo, inspect, evalscope, openai-batch, llm-comparator or table (default: by the content).",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="BATCH", help="Id of the batch (default: the file's name).")
    ] = None,
    controls: Annotated[
        list[str] | None,
        typer.Option(
            "--control",
            metavar="ID",
            help="A condition to compare with (repeatable; the first: the reference).",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=COLUMN", help="Column of a table, as reply=answer (repeatable)."),
    ] = None,
    requests: Annotated[
        str | None, typer.Option("--requests", metavar="FILE", help="Input file of an OpenAI batch, beside its output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Import again what was imported already.")] = False,
) -> None:
    """Make a run of another tool's results, for `compare`, `report`, `show` and the rest to take.

    No system message is the control `none`, an empty one `empty`, `You are a helpful assistant.` is `assistant`; all
    other prompts are personas, called as the tool calls them. Nothing is asked, replies stay as they are, and what
    cannot be carried over is said. The last line of stdout is the run's folder.

    Examples:
        batch import-results out.json
        batch import-results logs/ --name personas
        batch import-results outputs/20261122_120000
        batch import-results output.jsonl --requests input.jsonl
        batch import-results answers.csv --column reply=answer --control baseline
    """
    from persona_batch.exchange.results.importing import ImportResults
    from persona_batch.exchange.results.importing import import_results as make_run

    named: dict[str, str] = {}
    for pair in columns or ():
        field, equals, column = pair.partition("=")
        if not equals or not field or not column:
            raise UsageError(f"--column {pair}: expected FIELD=COLUMN, as in --column reply=answer")
        if field in named:
            raise UsageError(f"--column {field} is given twice; name one column")
        named[field] = column
    done = make_run(
        ImportResults(
            files=[Path(file) for file in files],
            out=Path(out),
            format=form,
            name=name,
            controls=controls or (),
            columns=named,
            requests=None if requests is None else Path(requests),
            force=force,
        )
    )
    for sentence in done.sentences:
        tell(one_line(sentence))
    sys.stdout.write(f"{done.run.path}\n")
