"""Journals of actors: what was answered elsewhere for a run, until it is in the run's records.

An actor appends each record to a journal of its own before it tells anybody of it, and holds the journal's lock while
it lives. What an actor that died, or the whole run, left in its journal was paid for: it is taken over into the run's
records before anything is asked, whichever engine goes on with the run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from persona_batch.errors import RunLocked
from persona_batch.record.durable import storage_error
from persona_batch.record.journal import Sink
from persona_batch.record.reader import read_records, scan
from persona_batch.record.record import Record
from persona_batch.record.rundir import RunDir
from persona_batch.wording import counted, listed

ELSEWHERE: Final = "elsewhere"
"""The file that names the machines whose actors cannot see the run's folder, one a line."""
SIGN: Final = "sign"
"""The file by whose content an actor knows that the folder it sees is the run's."""

_PATIENCE = 20.0  # seconds for an actor to end whose run is over


def journals_in(folder: Path) -> list[Path]:
    """Return the journals of a folder; none if it is missing."""
    return sorted(folder.glob("*.jsonl"))


def lock_of(journal: Path) -> FileLock:
    """Return the lock that an actor holds while it writes its journal."""
    return FileLock(journal.with_suffix(".lock"))


@contextmanager
def left_behind(journal: Path, patience: float = _PATIENCE) -> Iterator[Iterator[Record]]:
    """Yield the records of a journal whose actor is gone; nobody else reads it meanwhile.

    Raises:
        RunLocked: its actor is still at work after `patience` seconds.
        UsageError: a line that is not the torn last one is no record.
    """
    lock = lock_of(journal)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise RunLocked(f"{journal}: an actor is still at work for this run; wait for it, or end it") from error
    except OSError as error:
        raise storage_error(journal, error) from error
    try:
        yield read_records(journal)
    finally:
        lock.release()


def take_over(run: RunDir, note: Callable[[str], None]) -> int:
    """Append what actors have left behind to the records, remove their journals, and return how many records it was.

    Call it under the run's lock. What lies on machines that do not see the run's folder is told of.

    Raises:
        RunLocked: an actor is still at work.
        UsageError: a line of a file is no record.
        StorageError: the records cannot be written; the journals are still there.
    """
    taken, journals = 0, journals_in(run.actors)
    if journals:
        keys = scan(run.records).keys
        with Sink(run.records, keys=keys) as sink:
            for journal in journals:
                with left_behind(journal) as records:
                    for record in records:
                        if record.key not in keys:
                            sink.append(record)
                            taken += 1
        _remove(run.actors, [run.actors / SIGN])
        note(f"{counted(taken, 'record')} taken over from actors of a call that was interrupted")
    elsewhere = run.actors / ELSEWHERE
    if elsewhere.exists():
        hosts = listed(sorted(set(elsewhere.read_text(encoding="utf-8").splitlines())))
        note(
            f"actors on {hosts} did not see this folder: what they had not handed over comes back by --engine ray alone"
        )
    return taken


def tell_elsewhere(run: RunDir, host: str) -> None:
    """Note that an actor on a machine does not see the run's folder.

    Raises:
        StorageError: it cannot be written down.
    """
    path = run.actors / ELSEWHERE
    try:
        with path.open("a", encoding="utf-8") as hosts:
            hosts.write(f"{host}\n")
    except OSError as error:
        raise storage_error(path, error) from error


def clear(folder: Path) -> None:
    """Remove a folder of journals whose records are all in the run's.

    Raises:
        StorageError: something cannot be removed.
    """
    _remove(folder, [folder / SIGN, folder / ELSEWHERE])


def _remove(folder: Path, others: list[Path]) -> None:
    """Remove the journals, what lies beside them, and other files; the folder too, if it is empty then."""
    journals = journals_in(folder)
    beside = [journal.with_suffix(suffix) for journal in journals for suffix in (".lock", ".torn")]
    try:
        for path in (*journals, *beside, *others):
            path.unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise storage_error(folder, error) from error
