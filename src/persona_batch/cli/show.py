"""`batch show`: the messages and replies of a run, filtered, read lazily."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Annotated, get_args

import typer

from persona_batch.chat import Placement
from persona_batch.cli.options import Color, Json, Out, PersonaGlobs, QuestionGlobs, RunRef, SeenIds
from persona_batch.errors import UsageError
from persona_batch.record.record import Record, Status, encode
from persona_batch.view.terminal import tell
from persona_batch.wording import meant


def show(
    run: RunRef = "latest",
    personas: PersonaGlobs = None,
    questions: QuestionGlobs = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help="ok, truncated, filtered, empty or error (repeatable)."),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only records that are not ok.")] = False,
    sample: Annotated[int | None, typer.Option("--sample", min=0, metavar="N", help="Only this sample.")] = None,
    placement: Annotated[Placement | None, typer.Option("--placement", help="Only this placement.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="GLOB", help="Only these models.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=0, metavar="N", help="At most N records.")] = None,
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

    wanted = _Wanted(
        personas=personas or [],
        questions=questions or [],
        statuses=_statuses(status or [], failed),
        sample=sample,
        placement=placement,
        model=model,
    )
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
        for number, record in enumerate(records):
            above = "" if number else heading(facts_of(found, first), page.palette, page.width)
            sys.stdout.write(f"{above}\n{transcript(record, page, reasoning=reasoning)}")
    for doubt in agreement.doubts():
        tell(doubt)
    if not wanted.matched and limit != 0:
        tell(f"{found.records}: {wanted.nothing()}")


@dataclass(slots=True)
class _Wanted:
    """The filters; remembers what it saw, to say why nothing matched."""

    personas: list[str]
    questions: list[str]
    statuses: frozenset[str]
    sample: int | None
    placement: Placement | None
    model: str | None
    matched: int = 0
    seen: SeenIds = field(default_factory=SeenIds)

    def of(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records that pass."""
        for record in self.seen.watch(records):
            if self._passes(record):
                self.matched += 1
                yield record

    def nothing(self) -> str:
        """Say why nothing matched."""
        nothing = "no record matches" if self.seen.ids["persona"] else "no records yet"
        return next(self.seen.unmatched(self.personas, self.questions), nothing)

    def _passes(self, record: Record) -> bool:
        return (
            (not self.personas or any(fnmatchcase(record.persona, glob) for glob in self.personas))
            and (not self.questions or any(fnmatchcase(record.question, glob) for glob in self.questions))
            and (not self.statuses or record.status in self.statuses)
            and self.sample in (None, record.sample)
            and self.placement in (None, record.placement)
            and (self.model is None or fnmatchcase(record.model, self.model))
        )


def _statuses(names: list[str], failed: bool) -> frozenset[str]:
    known = get_args(Status)
    for name in names:
        if name not in known:
            remedy = "`--failed` shows all that are not ok" if name.casefold() == "failed" else meant(name, known)
            raise UsageError(f"--status {name}: {remedy}")
    return frozenset(names) | (frozenset(known) - {"ok"} if failed else frozenset())


def _write_array(records: Iterable[Record]) -> None:
    sys.stdout.write("[")
    for number, record in enumerate(records):
        sys.stdout.write((",\n" if number else "\n") + encode(record).decode())
    sys.stdout.write("\n]\n")
