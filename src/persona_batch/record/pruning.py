"""Which runs may go when a folder is tidied, and how one goes."""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from persona_batch.errors import UsageError
from persona_batch.record.durable import storage_error
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rundir import RunDir

_ASIDE = ".pruned"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run beyond those to keep; `spared` says why it stays all the same."""

    run: RunDir
    spared: str | None = None


def candidates(runs: Sequence[RunDir], *, keep: int, batch: str | None = None, force: bool = False) -> list[Candidate]:
    """Return the runs beyond the newest `keep` of each batch, and of each of its shards, oldest first.

    Args:
        runs: all runs of a folder, oldest first.
        keep: how many of each batch stay.
        batch: only runs of this batch.
        force: unfinished runs may go too. A run whose manifest cannot be read never does.
    """
    by_batch: dict[tuple[str, str | None], list[Candidate]] = defaultdict(list)
    for run in runs:
        try:
            manifest = read_manifest(run.manifest)
        except UsageError as error:
            by_batch[f"\0{run.id}", None].append(Candidate(run, str(error)))
            continue
        unfinished = not (manifest.finished or force)
        spared = f"unfinished ({manifest.state}); --force takes it too" if unfinished else None
        by_batch[manifest.batch_id, manifest.shard].append(Candidate(run, spared))
    beyond = [
        candidate
        for (name, _), of_batch in by_batch.items()
        if batch is None or name == batch
        for candidate in of_batch[: max(0, len(of_batch) - keep)]
    ]
    return sorted(beyond, key=lambda candidate: candidate.run.id)


def remove_run(run: RunDir) -> int:
    """Delete a run's folder and return how many bytes it held.

    It is moved out of sight first, so that a deletion cut short leaves no half run behind.

    Raises:
        RunLocked: a living process is on it.
        StorageError: it cannot be deleted.
    """
    size = sum(file.stat().st_size for file in run.path.rglob("*") if file.is_file() and not file.is_symlink())
    aside = run.path.parent / _ASIDE / run.path.name
    with run.lock():
        try:
            aside.parent.mkdir(exist_ok=True)
            run.path.rename(aside)
        except OSError as error:
            raise storage_error(run.path, error) from error
    sweep(run.path.parent)
    return size


def sweep(out: Path) -> None:
    """Delete what was moved aside, now or by a deletion that was cut short.

    Raises:
        StorageError: it cannot be deleted.
    """
    aside = out / _ASIDE
    if aside.is_dir():
        try:
            shutil.rmtree(aside)
        except OSError as error:
            raise storage_error(aside, error) from error
