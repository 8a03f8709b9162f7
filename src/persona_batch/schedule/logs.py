"""A log that rotates: `job.log`, `job.log.1`, … the oldest is dropped."""

from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 1_000_000
KEEP = 5


def open_log(path: Path, *, max_bytes: int = MAX_BYTES, keep: int = KEEP) -> BinaryIO:
    """Open a log for appending, after moving it aside when it has grown beyond `max_bytes`.

    Only one process at a time may do this: the job's lock is taken first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > max_bytes:
        for number in range(keep - 1, 0, -1):
            older = _numbered(path, number)
            if older.exists():
                older.replace(_numbered(path, number + 1))
        path.replace(_numbered(path, 1))
    return path.open("ab", buffering=0)


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
