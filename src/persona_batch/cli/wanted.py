"""Which records of a run a command is to show or to hand on: the filters, and why nothing passed them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, TypeAlias, get_args

import typer

from persona_batch.chat import Placement
from persona_batch.cli.seen_ids import SeenIds
from persona_batch.errors import UsageError
from persona_batch.record.record import Record, Status
from persona_batch.wording import meant

Statuses: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--status", metavar="STATUS", help="ok, truncated, filtered, empty or error (repeatable)."),
]
Failed: TypeAlias = Annotated[bool, typer.Option("--failed", help="Only records that are not ok.")]
OneSample: TypeAlias = Annotated[int | None, typer.Option("--sample", min=0, metavar="N", help="Only this sample.")]
WantedPlacement: TypeAlias = Annotated[Placement | None, typer.Option("--placement", help="Only this placement.")]
ModelGlob: TypeAlias = Annotated[str | None, typer.Option("--model", "-m", metavar="GLOB", help="Only these models.")]
MostRecords: TypeAlias = Annotated[int | None, typer.Option("--limit", min=0, metavar="N", help="At most N records.")]


@dataclass(slots=True)
class Wanted:
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
        return filter(self.passes, records)

    def passes(self, record: Record) -> bool:
        """Whether a record passes all filters."""
        self.seen.see(record)
        passes = (
            (not self.personas or any(fnmatchcase(record.persona, glob) for glob in self.personas))
            and (not self.questions or any(fnmatchcase(record.question, glob) for glob in self.questions))
            and (not self.statuses or record.status in self.statuses)
            and self.sample in (None, record.sample)
            and self.placement in (None, record.placement)
            and (self.model is None or fnmatchcase(record.model, self.model))
        )
        self.matched += passes
        return passes

    def nothing(self) -> str:
        """Say why nothing matched."""
        nothing = "no record matches" if self.seen.ids["persona"] else "no records yet"
        return next(self.seen.unmatched(self.personas, self.questions), nothing)


def read_statuses(names: list[str] | None, *, failed: bool) -> frozenset[str]:
    """Return the statuses that are wanted; none: all.

    Raises:
        UsageError: there is no such status.
    """
    known = get_args(Status)
    for name in names or ():
        if name not in known:
            remedy = "`--failed` shows all that are not ok" if name.casefold() == "failed" else meant(name, known)
            raise UsageError(f"--status {name}: {remedy}")
    return frozenset(names or ()) | (frozenset(known) - {"ok"} if failed else frozenset())
