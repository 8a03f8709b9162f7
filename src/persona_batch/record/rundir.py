"""Run folders: their names, their order, and the lock that keeps a second process out.

runs/20261122T065600Z-wukong/
    records.jsonl   one line per finished cell
    set-aside.jsonl records of cells that the batch has no longer
    errors.jsonl    failed records that `--retry-errors` asked anew
    records.torn    last lines that were cut off by a crash
    submissions.jsonl what was handed over in batch files, and batches/ with the files
    ray/            journals of actors that ask for the run, as long as it is asked
    run.json        the manifest
    run.log         retries and pauses
    run.lock        locked by the process that is on the run; it holds that process's id, and when it was born
"""

import errno
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from persona_batch.config.files import MANIFEST, RECORDS, is_run
from persona_batch.errors import RunLocked, StorageError, UsageError
from persona_batch.plan.shard import Shard
from persona_batch.record.durable import storage_error
from persona_batch.record.manifest import read_manifest

BUILDING = ".merging"  # where runs are built that are made as a whole (`record.building`)
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\s]+')
_NAME_BYTES = 120  # of the batch id; file systems allow 255 for the whole name
_STAMP = "%Y%m%dT%H%M%SZ"
_DEVICE_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})  # passes by itself; all else is a wrong `out`


@dataclass(frozen=True, slots=True)
class RunDir:
    """A run's folder. `records` is the records file, which a user may also have named or copied elsewhere."""

    path: Path
    records: Path

    @property
    def id(self) -> str:
        """The run's id: the folder's name."""
        return self.path.name

    @property
    def name(self) -> str:
        """What the run is called: by its folder; part of a run that was copied elsewhere by its file."""
        return self.path.resolve().name if self.records.name == RECORDS else self.records.stem

    @property
    def manifest(self) -> Path:
        """The manifest, `run.json`."""
        return self.path / MANIFEST

    @property
    def errors(self) -> Path:
        """Failed records that were asked anew."""
        return self.path / "errors.jsonl"

    @property
    def set_aside(self) -> Path:
        """Records that an edit of the batch made obsolete."""
        return self.path / "set-aside.jsonl"

    @property
    def submissions(self) -> Path:
        """What was handed to a provider in batch files."""
        return self.path / "submissions.jsonl"

    @property
    def batches(self) -> Path:
        """The folder of batch files and their results."""
        return self.path / "batches"

    @property
    def actors(self) -> Path:
        """The folder of journals of actors, which ask for the run elsewhere."""
        return self.path / "ray"

    @property
    def log(self) -> Path:
        """What happened: retries, pauses."""
        return self.path / "run.log"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes off this run; the lock of a dead process is free at once.

        Raises:
            RunLocked: another living process is on it.
            StorageError: the folder cannot be written.
        """
        place = self.path / "run.lock"
        lock = FileLock(place, blocking=False)
        try:
            lock.acquire()
            _sign(place)
        except Timeout as error:
            raise RunLocked(
                f"{self.path}: {_holder(place)} is on this run; wait for it, or start a new run without --resume"
            ) from error
        except OSError as error:
            lock.release()
            raise storage_error(place, error) from error
        try:
            yield
        finally:
            lock.release()

    def held(self) -> bool:
        """Say whether the process that took the lock last still lives; to try the lock could keep another one out."""
        try:
            number, _, born = (self.path / "run.lock").read_text(encoding="ascii").partition("\n")
            return is_alive(int(number), int(born) if born.strip() else None)
        except PermissionError:  # what is locked on Windows cannot be read
            return True
        except (OSError, ValueError):
            return False


def create_run(out: Path, batch_id: str, now: datetime, shard: Shard | None = None) -> RunDir:
    """Make a new folder `<UTC time>-<batch id>` under `out`, unique also when several processes start at once.

    That of a shard is called `<UTC time>-<batch id>-shard-2-of-4`.

    Runs are ordered by their names, and a new one comes last whatever the clock says: if the newest run's name is of
    this very second, or lies in the future (the clock was wrong then, or is now), the new name's time is the second
    after it. When the run really began stands in its manifest.

    Raises:
        UsageError: no folder can be made there.
        StorageError: the device has no room for it, or fails.
    """
    for path in new_places(out, batch_id, now, shard):
        try:
            out.mkdir(parents=True, exist_ok=True)
            path.mkdir()
            if not (out / BUILDING / path.name).exists():
                return run_at(path)
            path.rmdir()
        except FileExistsError as error:
            if not out.is_dir():
                raise out_error(out, error) from error
        except OSError as error:
            raise out_error(out, error) from error
    raise AssertionError("names never end")


def new_places(out: Path, batch_id: str, now: datetime, shard: Shard | None = None) -> Iterator[Path]:
    """Yield the folders that a new run may have, by preference: their names come after those of all runs."""
    name = f"{_stamp_after(list_runs(out), now)}-{safe_name(batch_id, shard)}"
    return (out / (name if number == 1 else f"{name}-{number}") for number in count(1))


def _stamp_after(runs: list[RunDir], now: datetime) -> str:
    """Return the time in the name of a new run, which comes after all the others."""
    stamp = now.astimezone(UTC).strftime(_STAMP)
    latest = _age(runs[-1].path)[0] if runs else ""
    if latest < stamp:
        return stamp
    try:
        return (datetime.strptime(latest, _STAMP).replace(tzinfo=UTC) + timedelta(seconds=1)).strftime(_STAMP)
    except OverflowError:  # nothing comes after the year 9999
        return latest


def out_error(out: Path, error: OSError) -> UsageError | StorageError:
    """Return what to tell a user whose folder of runs takes no run; only trouble that may pass is no wrong usage."""
    if error.errno in _DEVICE_TROUBLE:
        return storage_error(out, error)
    reason = "it is a file" if out.is_file() else error.strerror
    return UsageError(f"{out}: no run folder can be made there ({reason}); name another folder by --out")


def list_runs(out: Path) -> list[RunDir]:
    """Return the runs under a folder, oldest first; empty if the folder is missing."""
    if not out.is_dir():
        return []
    found = [path for path in out.iterdir() if not path.is_symlink() and is_run(path)]
    return [run_at(path) for path in sorted(found, key=_age)]


def safe_name(batch_id: str, shard: Shard | None = None) -> str:
    """Return a batch, or a shard of it, as a part of a file name: letters of any script stay.

    What a file system refuses goes.
    """
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", batch_id)).strip("._ ")
    plain = name.encode()[:_NAME_BYTES].decode(errors="ignore") or "batch"
    return plain if shard is None else f"{plain}-{shard.in_names}"


def run_at(path: Path) -> RunDir:
    """Return the run of a folder."""
    return RunDir(path, path / RECORDS)


def _age(path: Path) -> tuple[str, int, str]:
    """Return what runs are sorted by; of a folder that was renamed, when its run began."""
    stamp, _, rest = path.name.partition("-")
    if not _is_stamp(stamp):
        stamp, rest = _began(path), path.name
    return stamp, len(rest), rest  # the second of two that began at once has the longer name


def _is_stamp(text: str) -> bool:
    try:
        return datetime.strptime(text, _STAMP).strftime(_STAMP) == text
    except ValueError:
        return False


def _began(path: Path) -> str:
    try:
        moment = datetime.fromisoformat(read_manifest(path / MANIFEST).started_at)
    except (UsageError, ValueError):
        moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return moment.astimezone(UTC).strftime(_STAMP)


def _sign(place: Path) -> None:
    """Write into the lock which process holds it: its number, and when it was born, as numbers are used again."""
    born = birth(os.getpid())
    with suppress(PermissionError):  # on Windows what is locked nobody can write, not even we: the lock has no name
        place.write_text(f"{os.getpid()}\n" + ("" if born is None else f"{born}\n"), encoding="ascii")


def birth(process: int) -> int | None:
    """Return when a process began, in clock ticks since the machine did; None where that is not known."""
    told = _told_of(process)
    return int(told[19]) if told else None


def is_alive(process: int, born: int | None = None) -> bool:
    """Return whether a process lives, also another user's: where one cannot ask, that it does.

    Args:
        process: its number.
        born: its `birth`, which tells it from a later one of the same number; None: not known.
    """
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    told = _told_of(process)
    ended = told is not None and told[0] in "ZX"  # killed, and its parent has not asked how it ended
    return not ended and (born is None or told is None or born == int(told[19]))


def _told_of(process: int) -> list[str] | None:
    """Return what Linux tells of a process (proc(5), `stat`) from its state on; None: nothing."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # the second field, the program's name, may hold spaces and parentheses
    return text.rpartition(")")[2].split()


def _holder(place: Path) -> str:
    try:
        number = place.read_text(encoding="ascii").partition("\n")[0]
    except (OSError, ValueError):
        number = ""
    return f"process {number}" if number.isdigit() else "another process"
