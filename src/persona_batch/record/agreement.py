"""Whether the records of a run are those that its manifest describes.

`batch run` keeps both in step, but a folder may have been edited by hand, copied together, cut off in the middle of
an edit, or written by a version that left obsolete records among the others. Two prompts of one persona must never be
averaged unsaid, so readers check every record they read: is there a cell of its names in the batch that the manifest
describes, and has it this key?
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from persona_batch.config.batch import Batch, Persona, Question, RunSettings
from persona_batch.config.files import RECORDS
from persona_batch.errors import UsageError
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.record import Record, cell_named
from persona_batch.record.rundir import RunDir
from persona_batch.wording import listed

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
    _unknown: dict[str, None] = field(default_factory=dict)
    _edited: dict[str, None] = field(default_factory=dict)
    _places: set[int] = field(default_factory=set)

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
        counted = sum(self.manifest.counts.values()) if self.manifest is not None else 0
        if self._sealed and self.whole and counted != self.seen:
            said.append(f"{name}: run.json counts {counted:,} records, {self.run.records.name} holds {self.seen:,}")
        return said

    @property
    def _sealed(self) -> bool:
        return self.manifest is not None and self.manifest.state != "running"

    def _see(self, record: Record) -> None:
        self.seen += 1
        names = (record.persona, record.variant, record.question, record.speaker, record.placement, record.model)
        place = hash((*names, record.sample))
        if place in self._places:
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


def described(manifest: Manifest) -> Grid | None:
    """Return the whole batch that a manifest describes; None: it does not say enough (one of before)."""
    config = manifest.config
    if "provider_params" not in config:
        return None
    try:
        questions = {entry["id"]: msgspec.convert(entry, Question) for entry in config["questions"]}
        sets = [tuple(questions[name] for name in names) for names in config["question_sets"]]
        personas = tuple(_persona(entry, sets) for entry in config["personas"])
        batch = Batch(
            id=manifest.batch_id, personas=personas, run=msgspec.convert(config["run"], RunSettings), files=()
        )
        return Grid(
            batch,
            endpoint=Endpoint(manifest.provider, manifest.endpoint),
            models=manifest.models,
            provider_params=config["provider_params"],
            cli_params=config["cli_params"],
            developer_role=config["developer_role"],
        )
    except (msgspec.ValidationError, LookupError, TypeError, UsageError):
        return None


def _persona(entry: dict[str, Any], sets: list[tuple[Question, ...]]) -> Persona:
    return replace(msgspec.convert({**entry, "questions": []}, Persona), questions=sets[entry["questions"]])
