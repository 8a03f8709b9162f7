"""Run folders: their names, how they are found again, and the lock that keeps a second process out.

runs/20261122T065600Z-wukong/
    records.jsonl   one line per finished cell
    errors.jsonl    failed records that `--retry-errors` asked anew
    records.torn    last lines that were cut off by a crash
    run.json        the manifest
    run.log         retries and pauses
    run.lock        locked by the process that is on the run; its content is that process's id
"""

import errno
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from persona_batch.errors import RunLocked, StorageError, UsageError
from persona_batch.record.append import storage_error
from persona_batch.wording import nearest

RECORDS = "records.jsonl"
BY_AGE = {"latest": 1, "previous": 2}  # names of runs by their age, counted from the newest
_MANIFEST = "run.json"
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
    def manifest(self) -> Path:
        """The manifest, `run.json`."""
        return self.path / _MANIFEST

    @property
    def errors(self) -> Path:
        """Failed records that were asked anew."""
        return self.path / "errors.jsonl"

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
            place.write_text(f"{os.getpid()}\n", encoding="ascii")
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


def create_run(out: Path, batch_id: str, now: datetime) -> RunDir:
    """Make a new folder `<UTC time>-<batch id>` under `out`, unique also when several processes start at once.

    Raises:
        UsageError: no folder can be made there.
        StorageError: the device has no room for it, or fails.
    """
    name = f"{now.astimezone(UTC).strftime(_STAMP)}-{safe_name(batch_id)}"
    number = 1
    while True:
        path = out / (name if number == 1 else f"{name}-{number}")
        try:
            out.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError as error:
            if not out.is_dir():
                raise out_error(out, error) from error
            number += 1
        except OSError as error:
            raise out_error(out, error) from error
        else:
            return RunDir(path, path / RECORDS)


def out_error(out: Path, error: OSError) -> UsageError | StorageError:
    """Return what to tell a user whose folder of runs takes no run; only trouble that may pass is no wrong usage."""
    if error.errno in _DEVICE_TROUBLE:
        return storage_error(out, error)
    reason = "it is a file" if out.is_file() else error.strerror
    return UsageError(f"{out}: no run folder can be made there ({reason}); name another folder by --out")


def find_run(ref: str | Path, out: Path) -> RunDir:
    """Return the run that a user means: a run folder, a records file, a run id or its beginning, `latest`, `previous`.

    `previous` is the run before the latest.

    Raises:
        UsageError: there is none, or the beginning fits several.
    """
    path = Path(ref)
    if path.is_file():
        return RunDir(path.parent, path)
    if _is_run(path):
        return _open(path.resolve() if path.is_symlink() else path)
    runs = list_runs(out)
    if str(ref) in BY_AGE:
        if not runs:
            raise UsageError(f"{out}: no runs there yet; `batch run FILE` makes one, --out names another folder")
        if len(runs) < BY_AGE[str(ref)]:
            raise UsageError(f"{out}: there is no run before {runs[-1].id}; `batch run FILE` makes another")
        return runs[-BY_AGE[str(ref)]]
    found = [run for run in runs if run.id == str(ref)] or [run for run in runs if run.id.startswith(str(ref))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{ref}: fits {len(found):,} runs ({', '.join(run.id for run in found[:3])} …); write more of it"
        )
    near = nearest(str(ref), [*BY_AGE, *(run.id for run in runs)])
    hint = f"did you mean `{near}`?" if near else "`batch runs` lists them"
    raise UsageError(f"{ref}: no such run folder, records file or run id in {out}; {hint}")


def list_runs(out: Path) -> list[RunDir]:
    """Return the runs under a folder, oldest first; empty if the folder is missing."""
    if not out.is_dir():
        return []
    found = [path for path in out.iterdir() if not path.is_symlink() and _is_run(path)]
    return [_open(path) for path in sorted(found, key=_age)]


def safe_name(batch_id: str) -> str:
    """Return a batch id as a part of a file name: letters of any script stay, what a file system refuses goes."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", batch_id)).strip("._ ")
    return name.encode()[:_NAME_BYTES].decode(errors="ignore") or "batch"


def _open(path: Path) -> RunDir:
    return RunDir(path, path / RECORDS)


def _is_run(path: Path) -> bool:
    return path.is_dir() and ((path / RECORDS).is_file() or (path / _MANIFEST).is_file())


def _age(path: Path) -> tuple[str, int, str]:
    stamp, _, rest = path.name.partition("-")
    return stamp, len(rest), rest  # the second of two runs in one second has the longer name


def _holder(place: Path) -> str:
    try:
        number = place.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        number = ""
    return f"process {number}" if number.isdigit() else "another process"
