"""A run folder that is made as a whole: built out of sight, synced, then put in its place at once.

It is built in `.merging/<its name>` under the folder of runs. `create_run` takes no name that is being built, and what
is built takes none that is there, so neither can get into the other's way. Whatever a killed process left there, the
next one removes.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from persona_batch.record.durable import storage_error, sync_folder
from persona_batch.record.rundir import BUILDING, RunDir, new_places, out_error, run_at


@contextmanager
def building_run(out: Path, batch_id: str, now: datetime) -> Iterator[RunDir]:
    """Yield a hidden folder, of the name that the run will have; the run is there, whole, when the block has ended.

    If the block raises, nothing is left. Builders of one folder of runs wait for one another.

    Raises:
        UsageError: no folder can be made there.
        StorageError: it cannot be written.
    """
    yard = out / BUILDING
    lock = FileLock(out / f"{BUILDING}.lock")
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        shutil.rmtree(yard, ignore_errors=True)
        yard.mkdir()
    except OSError as error:
        lock.release()
        raise out_error(out, error) from error
    try:
        place = _reserved(yard, out, batch_id, now)
        yield run_at(yard / place.name)
        _put(yard / place.name, place)
    except OSError as error:
        raise storage_error(out, error) from error
    finally:
        shutil.rmtree(yard, ignore_errors=True)
        lock.release()


def _reserved(yard: Path, out: Path, batch_id: str, now: datetime) -> Path:
    for place in new_places(out, batch_id, now):
        (yard / place.name).mkdir()
        if not place.exists():
            return place
        (yard / place.name).rmdir()
    raise AssertionError("names never end")


def _put(built: Path, place: Path) -> None:
    for folder, _, files in os.walk(built, topdown=False):
        for name in files:
            with (Path(folder) / name).open("rb") as file, suppress(PermissionError):  # Windows syncs what it may write
                os.fsync(file.fileno())
        sync_folder(Path(folder))
    built.rename(place)
    sync_folder(place.parent)
