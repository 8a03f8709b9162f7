"""A file to which whole lines are appended, each by one system call, and which stays whole when that fails."""

import io
import os
from pathlib import Path

from persona_batch.errors import StorageError


class AppendFile(io.RawIOBase):
    """Collects what is written until `flush`, then appends it by one `write` to a descriptor opened O_APPEND.

    So a line that a JSON Lines writer hands over in pieces (text, newline) reaches the file in one piece. If the
    disk takes only a part of it, that part is cut off again before `StorageError` is raised.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        super().__init__()
        self.path = path
        flags = os.O_RDWR | os.O_APPEND | (os.O_CREAT if create else 0)
        flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)  # each where there is the other not
        try:
            self._fd = os.open(path, flags, 0o666)
        except OSError as error:
            raise storage_error(path, error) from error
        self._pending = bytearray()

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

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
        status = os.fstat(self._fd)
        if status.st_nlink == 0:
            raise StorageError(f"{self.path}: was removed while the run was writing it")
        try:
            self._append(data)
        except OSError as error:
            os.ftruncate(self._fd, status.st_size)
            raise storage_error(self.path, error) from error

    def _append(self, data: bytes) -> None:
        written = os.write(self._fd, data)
        while written < len(data):  # a full disk first takes a part, then refuses the rest
            written += os.write(self._fd, data[written:])

    def sync(self) -> None:
        """Wait until everything appended is on the device.

        Raises:
            StorageError: the device refused.
        """
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise storage_error(self.path, error) from error

    def close(self) -> None:
        """Append what was collected and close the descriptor."""
        if not self.closed:
            try:
                super().close()  # flushes
            finally:
                os.close(self._fd)


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the one line for a user whose run folder cannot be written any more."""
    return StorageError(
        f"{path}: cannot be written: {error.strerror or error}; make room or give access (what is there is whole)"
    )


def sync_folder(folder: Path) -> None:
    """Make a rename or a new file in the folder durable, as far as the system has a way to.

    Raises:
        OSError: the folder is gone.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        if folder.is_dir():  # Windows opens no folders
            return
        raise
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
