"""Files of lines that stay whole whatever becomes of the process, the disk or the machine.

`AppendFile` appends lines, each by one system call; `set_torn_aside` moves a last line that was cut off out of the way
(never trusted, never thrown away); `replace_file` puts new content in the place of the old, all at once.
"""

import io
import os
from collections.abc import Iterable
from pathlib import Path

from persona_batch.errors import StorageError
from persona_batch.storage import storage_error, sync_folder

__all__ = ["AppendFile", "replace_file", "set_torn_aside", "storage_error", "sync_folder"]

_BLOCK = 1 << 16


class AppendFile(io.FileIO):
    """Collects what is written until `flush`, then appends it by one `write` to a descriptor opened O_APPEND.

    So a line that a JSON Lines writer hands over in pieces (text, newline) reaches the file in one piece. If the
    disk takes only a part of it, that part is cut off again before `StorageError` is raised. The file is made if it is
    missing; closing it appends what was collected.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending = bytearray()
        try:
            super().__init__(path, "a+")
        except OSError as error:
            raise storage_error(path, error) from error

    def write(self, data: bytes) -> int:  # type: ignore[override]  # only bytes come here
        self._pending += data
        return len(data)

    def flush(self) -> None:
        """Append what was collected.

        Raises:
            StorageError: it could not be written whole; the file is as it was before.
        """
        if not self._pending:
            return
        data = bytes(self._pending)
        self._pending.clear()
        status = os.fstat(self.fileno())
        if status.st_nlink == 0:
            raise StorageError(f"{self.path}: was removed while the run was writing it")
        try:
            while data:  # a full disk first takes a part, then refuses the rest
                data = data[os.write(self.fileno(), data) :]
        except OSError as error:
            self.truncate(status.st_size)
            raise storage_error(self.path, error) from error

    def sync(self) -> None:
        """Wait until everything appended is on the device.

        Raises:
            StorageError: the device refused.
        """
        try:
            os.fsync(self.fileno())
        except OSError as error:
            raise storage_error(self.path, error) from error


def replace_file(path: Path, content: Iterable[bytes]) -> None:
    """Put content in the place of a file's, durably: a reader sees the old or the new, whole.

    Args:
        path: the file.
        content: taken as it is written; an error of its own leaves the old file untouched, too.

    Raises:
        OSError: it cannot be written; the old file is untouched.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as new:
            new.writelines(content)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def set_torn_aside(path: Path, descriptor: int) -> None:
    """Move what follows the last newline to `<stem>.torn` beside the file, durably.

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
