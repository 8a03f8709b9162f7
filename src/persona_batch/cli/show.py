"""`batch show`: the messages and replies of a run, filtered, read lazily."""

import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from persona_batch.cli.options import Color, Json, Out, PersonaGlobs, QuestionGlobs, RunRef
from persona_batch.cli.wanted import (
    Failed,
    ModelGlob,
    MostRecords,
    OneSample,
    Statuses,
    Wanted,
    WantedPlacement,
    read_statuses,
)
from persona_batch.record.record import Record, encode
from persona_batch.view.terminal import tell


def show(
    run: RunRef = "latest",
    personas: PersonaGlobs = None,
    questions: QuestionGlobs = None,
    status: Statuses = None,
    failed: Failed = False,
    sample: OneSample = None,
    placement: WantedPlacement = None,
    model: ModelGlob = None,
    limit: MostRecords = None,
    reasoning: Annotated[bool, typer.Option("--reasoning", help="Also what the model thought.")] = False,
    as_json: Json = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="One record a line, as in records.jsonl.")] = False,
    color: Color = "auto",
    out: Out = "runs",
) -> None:
    """Show what was sent and what came back, record by record, in the order in which they finished.

    Examples:
        batch show
        batch show latest -p wukong --question view
        batch show runs/20261122T065600Z-wukong --failed
        batch show --color always | less -R
        batch show --jsonl --status truncated
    """
    from persona_batch.record.agreement import Agreement
    from persona_batch.record.finding import find_run
    from persona_batch.record.reader import read_records
    from persona_batch.view.heading import facts_of, heading, with_first

    wanted = Wanted(personas or [], questions or [], read_statuses(status, failed=failed), sample, placement, model)
    found = find_run(run, Path(out))
    agreement = Agreement.of(found)
    first, everything = with_first(agreement.watch(read_records(found.records)))
    records = islice(wanted.of(everything), limit)
    if as_jsonl:
        for record in records:
            sys.stdout.write(encode(record).decode() + "\n")
    elif as_json:
        _write_array(records)
    else:
        from persona_batch.view.transcript import page_for, transcript

        page = page_for(sys.stdout, color)
        unknown = frozenset[str]() if agreement.manifest is None else agreement.manifest.unknown_prompts
        for number, record in enumerate(records):
            above = "" if number else heading(facts_of(found, first), page.palette, page.width)
            known = record.persona not in unknown
            sys.stdout.write(f"{above}\n{transcript(record, page, reasoning=reasoning, known=known)}")
    for doubt in agreement.doubts():
        tell(doubt)
    if not wanted.matched and limit != 0:
        tell(f"{found.records}: {wanted.nothing()}")


def _write_array(records: Iterable[Record]) -> None:
    sys.stdout.write("[")
    for number, record in enumerate(records):
        sys.stdout.write((",\n" if number else "\n") + encode(record).decode())
    sys.stdout.write("\n]\n")
