"""What follows the last newline of a file of lines: cut off by a crash, never trusted, never thrown away."""

import os
from pathlib import Path

_BLOCK = 1 << 16


def set_torn_aside(path: Path, descriptor: int) -> int:
    """Move what follows the last newline to `<stem>.torn` beside the file, durably; return its length in bytes.

    Args:
        path: the file's name.
        descriptor: the file, open for reading and writing.

    Raises:
        OSError: a file could not be written; the torn line is still where it was.
    """
    size = os.fstat(descriptor).st_size
    start = _after_last_newline(descriptor, size)
    if start < size:
        with path.with_suffix(".torn").open("ab") as aside:
            for at in range(start, size, _BLOCK):  # by blocks: nobody knows how long it is
                aside.write(_read_at(descriptor, at, min(_BLOCK, size - at)))
            aside.write(b"\n")
            aside.flush()
            os.fsync(aside.fileno())
        os.ftruncate(descriptor, start)
        os.fsync(descriptor)
    return size - start


def _after_last_newline(descriptor: int, size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = _read_at(descriptor, start, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _read_at(descriptor: int, at: int, length: int) -> bytes:
    os.lseek(descriptor, at, os.SEEK_SET)  # and no pread, which Windows has not
    return os.read(descriptor, length)
