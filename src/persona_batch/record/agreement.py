"""Whether the records of a run are those of its batch, and how they are made so when it is resumed.

`batch run` keeps both in step, but a folder may have been edited by hand, copied together, cut off in the middle of
an edit, or written by a version that left obsolete records among the others. Two prompts of one persona must never be
averaged unsaid, so readers check every record they read (`Agreement`): is there a cell of its names in the batch that
the manifest describes, and has it this key? What does not belong, or is asked anew, `settle_records` and
`set_errors_aside` move out of the way when the run is resumed, by the steps of `record.aside`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from persona_batch.config.batch import Batch, Persona, Question, RunSettings
from persona_batch.config.files import RECORDS
from persona_batch.config.persona_rows import PersonaRows
from persona_batch.errors import UsageError
from persona_batch.plan.cell import Cell, Endpoint
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.record.aside import Settled, move_aside, settle
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.reader import journal_at
from persona_batch.record.record import Record, Status
from persona_batch.record.rejudging import carries_todays_checks, rejudged
from persona_batch.record.rundir import RunDir
from persona_batch.wording import counted, listed

_NAMED = 50  # personas and such that are remembered for the sentence


@dataclass(slots=True)
class Agreement:
    """Watches the records of one run go by (`watch`), and says at the end what does not fit (`doubts`)."""

    run: RunDir
    manifest: Manifest | None
    grid: Grid | None
    seen: int = 0
    whole: bool = False
    strangers: int = 0
    others: int = 0
    twice: int = 0
    replaced: int = 0
    _unknown: dict[str, None] = field(default_factory=dict)
    _edited: dict[str, None] = field(default_factory=dict)
    _places: set[int] = field(default_factory=set)
    _keys: KeySet = field(default_factory=KeySet)

    @classmethod
    def of(cls, run: RunDir) -> "Agreement":
        """Return the watch over a run; a records file without a manifest beside it has nothing to agree with."""
        if run.records.name != RECORDS or not run.manifest.is_file():
            return cls(run, None, None)
        manifest = read_manifest(run.manifest)
        return cls(run, manifest, described(manifest))

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records as they come."""
        for record in records:
            self._see(record)
            yield record
        self.whole = True

    def doubts(self) -> list[str]:
        """Return a sentence for each thing that does not fit, once the records were read."""
        name, said = self.run.path, []
        mend = f"`batch run --resume {name}` sets aside what does not belong"
        if self.strangers:
            said.append(
                f"{name}: {self.strangers:,} of {self.seen:,} records belong to no cell that run.json describes "
                f"({listed(list(self._unknown))}); {mend}"
            )
        if self.others:
            said.append(
                f"{name}: {self.others:,} of {self.seen:,} records were asked otherwise than run.json describes "
                f"({listed(list(self._edited))}): an edit, or another run's; {mend}"
            )
        if self.twice:
            said.append(
                f"{name}: {self.twice:,} cells have several records that were asked differently (an edited prompt, "
                f"question or parameter?): they are no repeats of one another; {mend}"
            )
        if self.replaced:
            said.append(
                f"{name}: {counted(self.replaced, 'line')} of {self.run.records.name} "
                f"{'has' if self.replaced == 1 else 'have'} the key of a later one, which counts instead"
            )
        recorded = sum(self.manifest.counts.values()) if self.manifest is not None else 0
        if self._sealed and self.whole and recorded != self.seen:
            said.append(f"{name}: run.json counts {recorded:,} records, {self.run.records.name} holds {self.seen:,}")
        return said

    @property
    def _sealed(self) -> bool:
        return self.manifest is not None and self.manifest.state != "running"

    def _see(self, record: Record) -> None:
        self.seen += 1
        names = (record.persona, record.variant, record.question, record.speaker, record.placement, record.model)
        place = hash((*names, record.sample, repr(sorted(record.factors.items()))))
        if not self._keys.add(hashlib.blake2b(record.key.encode(), digest_size=16).hexdigest()):  # any text may be one
            self.replaced += 1
        elif place in self._places:
            self.twice += 1
        self._places.add(place)
        if self.grid is None:
            return
        found = cell_named(record, self.grid)
        if found is not None and found[0] == record.key:
            return
        if found is None:
            self.strangers += 1
            examples = self._unknown
        else:
            self.others += 1
            examples = self._edited
        if len(examples) < _NAMED:
            examples[f"{record.persona}/{record.question}"] = None


def described(
    manifest: Manifest, *, personas: Sequence[str] = (), questions: Sequence[str] = (), limit: int | None = None
) -> Grid | None:
    """Return the batch that a manifest describes, whole or narrowed by filters (as `Grid` takes them).

    None: it does not say enough (one of before), or a table that it names is not as it was.
    """
    config = manifest.config
    if "provider_params" not in config:
        return None
    try:
        asked = {entry["id"]: msgspec.convert(entry, Question) for entry in config["questions"]}
        sets = [tuple(asked[name] for name in names) for names in config["question_sets"]]
        batch = Batch(
            id=manifest.batch_id,
            personas=tuple(_persona(entry, sets) for entry in config["personas"]),
            run=msgspec.convert(config["run"], RunSettings),
            files=(),
            partners={name: _persona(entry, [()]) for name, entry in config.get("partners", {}).items()},
        )
        return Grid(
            batch,
            endpoint=Endpoint(manifest.provider, manifest.endpoint),
            models=manifest.models,
            provider_params=config["provider_params"],
            cli_params=config["cli_params"],
            personas=personas,
            questions=questions,
            limit=limit,
            developer_role=config["developer_role"],
        )
    except (msgspec.ValidationError, LookupError, TypeError, UsageError):
        return None


def _persona(entry: dict[str, Any], sets: list[tuple[Question, ...]]) -> Persona:
    plain = {name: value for name, value in entry.items() if name != "rows"}
    rows = PersonaRows.reopened(entry["rows"]) if "rows" in entry else None
    return replace(msgspec.convert({**plain, "questions": []}, Persona), questions=sets[entry["questions"]], rows=rows)


def settle_records(run: RunDir, grid: Grid, before_change: Callable[[], None] = lambda: None) -> Settled:
    """Make a run's records those of the batch as it stands. Call it under the run's lock, before anything is asked.

    Args:
        run: the run.
        grid: the batch; its filters do not matter here.
        before_change: called once, before the first file is touched, and only if something moves.

    Raises:
        UsageError: a line is no record.
        StorageError: it cannot be written; every record is still in one of the files.
    """
    named = _Belonging(run, grid).named
    return settle(journal_at(run.records), journal_at(run.set_aside), named, before_change)


def set_errors_aside(run: RunDir) -> int:
    """Move the failed records of a run to its errors.jsonl; return how many. Call it under the run's lock.

    Raises:
        StorageError: it cannot be written; every record is still where it was.
    """
    return move_aside(
        journal_at(run.records), journal_at(run.errors), _Outcome, lambda outcome: outcome.status == "error"
    )


class _Outcome(msgspec.Struct):
    status: Status


@dataclass
class _Belonging:
    """Knows which records of a run are cells of a batch, and under which names.

    Most records bear the names that their cell has today, and are told by those; only for the others is the grid
    gone through.
    """

    run: RunDir
    grid: Grid

    def named(self, record: Record) -> Record | None:
        """Return the record under the names that its cell has today; None: it belongs no longer."""
        found = cell_named(record, self.grid)
        make = found[1] if found is not None and found[0] == record.key else self._under_other_names.get(record.key)
        return None if make is None else as_cell(record, make())

    @cached_property
    def _under_other_names(self) -> dict[str, Callable[[], Cell]]:
        strangers = KeySet()
        for path in (self.run.records, self.run.set_aside):
            for record in journal_at(path).read() if path.exists() else ():
                found = cell_named(record, self.grid)
                if found is None or found[0] != record.key:
                    strangers.add(record.key)
        return {key: make for key, make in self.grid.keyed(whole=True) if key in strangers}


def cell_named(record: Record, grid: Grid) -> tuple[str, Callable[[], Cell]] | None:
    """Return the key of the cell that has a record's names in a batch, and what makes it; None: there is none."""
    return grid.find(
        persona=record.persona,
        variant=record.variant,
        question=record.question,
        placement=record.placement,
        model=record.model,
        sample=record.sample,
        speaker=record.speaker,
        factors=record.factors,
    )


def as_cell(record: Record, cell: Cell) -> Record:
    """Return the record of a cell under the names that the cell has today; what was asked and answered stays.

    Checks are judged anew where others are declared than those that the record carries, and where they go by the
    question's answer, which may be another.
    """
    if not carries_todays_checks(record, cell):
        record = rejudged(record, cell)
    return msgspec.structs.replace(
        record,
        persona=cell.persona,
        variant=cell.variant,
        question=cell.question,
        speaker=cell.speaker,
        placement=cell.placement,
        attributes=dict(cell.attributes),
        factors=dict(cell.factors),
    )
