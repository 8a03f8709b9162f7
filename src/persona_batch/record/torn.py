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
    start = size
    blocks: list[bytes] = []
    while start > 0 and not (blocks and b"\n" in blocks[-1]):
        step = min(_BLOCK, start)
        start -= step
        blocks.append(os.pread(descriptor, step, start))
    tail = b"".join(reversed(blocks))
    torn = tail[tail.rfind(b"\n") + 1 :]
    if torn:
        with path.with_suffix(".torn").open("ab") as aside:
            aside.write(torn + b"\n")
            aside.flush()
            os.fsync(aside.fileno())
        os.ftruncate(descriptor, size - len(torn))
        os.fsync(descriptor)
    return len(torn)
