"""What imports leave behind that were killed in their midst: found by the next one, and cleared away.

The folder of an import that is under way is locked; the system gives the lock back however it ends.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PREFIX: Final = ".import-"
_LOCK = "lock"
_JUST_MADE = 60.0  # seconds in which a folder may not have its lock yet


@contextmanager
def held(work: Path) -> Iterator[None]:
    """Hold the lock of an import's folder."""
    with (work / _LOCK).open("wb") as lock:
        _take(lock.fileno())
        yield


def clear_leftovers(folder: Path) -> None:
    """Remove the folders of imports that are gone; one with files that it was about to write over is left alone."""
    for left in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            is_new = time.time() - left.stat().st_mtime < _JUST_MADE
            if left.is_symlink() or not left.is_dir() or (left / "replaced").exists():
                continue
            if not (left / _LOCK).exists():
                if not is_new:
                    shutil.rmtree(left)
                continue
            with (left / _LOCK).open("rb+") as lock:
                if _take(lock.fileno()):
                    shutil.rmtree(left)


def _take(file: int) -> bool:
    """Take a lock, if nobody has it and the system knows such locks."""
    try:
        import fcntl
    except ImportError:  # Windows: a folder of which a file is open cannot be removed there either
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
