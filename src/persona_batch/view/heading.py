"""What a screen is about: run, batch, endpoint, model and date, above the results."""

from collections.abc import Iterable, Iterator
from itertools import chain

from persona_batch.config.files import RECORDS
from persona_batch.record import Record
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rundir import RunDir
from persona_batch.view.palette import Palette
from persona_batch.view.terminal import joined, one_line
from persona_batch.wording import listed, local_minute

MOST_MODELS = 3


def facts_of(run: RunDir, first: Record | None) -> list[str]:
    """Return the facts of a run from its manifest; of records without one, what the first of them says.

    A part of a run that was copied elsewhere is told by its file's name. The date is local.
    """
    started: str | None
    if run.manifest.is_file() and run.records.name == RECORDS:
        manifest = read_manifest(run.manifest)
        name, batch, endpoint = run.id, f"batch {manifest.batch_id}", manifest.endpoint
        models, started = manifest.models, manifest.started_at
    elif first is not None:
        copied = run.records.name != RECORDS
        name, batch = (str(run.records), f"run {first.run_id}") if copied else (run.id, "")
        endpoint, models = first.provider, [first.model]
        started = None if first.timing is None else first.timing.started_at
    else:
        return [str(run.records)]
    shown = listed(models, MOST_MODELS)
    when = [] if started is None else [local_minute(started)]
    return [one_line(fact) for fact in (name, batch, endpoint, shown, *when) if fact]


def heading(facts: Iterable[str], palette: Palette, width: int | None, label: str = "") -> str:
    """Return the facts as lines that end with a line feed, broken between two facts: a run's id stays whole."""
    first, *rest = facts
    return "".join(f"{palette.bold(line)}\n" for line in joined([f"{label}{first}", *rest], width))


def with_first(records: Iterator[Record]) -> tuple[Record | None, Iterator[Record]]:
    """Return the first record, if any, and all of them again."""
    first = next(records, None)
    return first, records if first is None else chain([first], records)
