"""The one writer of records.jsonl, and what it promises.

- A record is one byte string ending in a newline, appended by one `write` to a descriptor opened O_APPEND. Once
  `append` has returned, the record is with the operating system: killing the process, however rudely, loses
  nothing.
- Power failure or a crash of the machine may lose the last `sync_every` seconds (0.25): the file is synced by a
  thread four times a second while records come, because a sync per record would cost fifteen times the write.
- A last line without a newline (a write cut off by a full disk or a power failure) is not a record. It is moved
  to records.torn beside the file, and the cell is asked again.
- A key occurs once in a file: a second record of the same cell is refused.
- When the disk is full, the file read-only or the folder gone, `StorageError` is raised and what is on disk is
  whole.
"""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import jsonlines

from persona_batch.errors import StorageError
from persona_batch.record.append import AppendFile, storage_error, sync_folder
from persona_batch.record.keys import KeySet
from persona_batch.record.record import Record, encode
from persona_batch.record.torn import set_torn_aside


class DuplicateKey(RuntimeError):
    """A second record for a cell of this run: a mistake of the program, never of the user."""


class Sink:
    """Appends records to a file. Use as a context manager, one per run at a time (`RunDir.lock`).

    Args:
        path: the records file; made if it is missing.
        keys: the keys that the file holds already (`reader.scan`); appended keys are added to it.
        sync_every: seconds between syncs to the device.

    Attributes:
        repaired: bytes of a torn last line that were moved to `<stem>.torn` on opening.

    Raises:
        StorageError: the file cannot be opened or repaired.
    """

    def __init__(self, path: Path, *, keys: KeySet | None = None, sync_every: float = 0.25) -> None:
        self._keys = KeySet() if keys is None else keys
        self._file = AppendFile(path)
        try:
            self.repaired = set_torn_aside(path, self._file.fileno())
            sync_folder(path.parent)
        except OSError as error:
            self._file.close()
            raise storage_error(path, error) from error
        self._writer = jsonlines.Writer(self._file, dumps=encode, flush=True)  # type: ignore[arg-type]
        self._syncer = _Syncer(self._file, sync_every)

    def append(self, record: Record) -> None:
        """Write one record; when this returns, killing the process no longer loses it.

        Raises:
            StorageError: the record is not on disk, everything before it is.
            DuplicateKey: the file has a record of this cell.
        """
        if record.key in self._keys:
            raise DuplicateKey(f"a second record for the cell {record.key} of {self._file.path}")
        self._syncer.check()
        self._writer.write(record)
        self._keys.add(record.key)
        self._syncer.wake()

    def flush(self) -> None:
        """Wait until every record is on the device.

        Raises:
            StorageError: the device refused.
        """
        self._syncer.check()
        self._file.sync()

    def close(self) -> None:
        """Sync and close.

        Raises:
            StorageError: the device refused a sync.
        """
        if self._file.closed:
            return
        self._syncer.stop()
        try:
            self.flush()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Syncer(threading.Thread):
    """Syncs the file once per window in which something was appended."""

    def __init__(self, file: AppendFile, every: float) -> None:
        super().__init__(name="sync", daemon=True)
        self._file = file
        self._every = every
        self._dirty = threading.Event()
        self._stopped = threading.Event()
        self._failure: StorageError | None = None
        self.start()

    def wake(self) -> None:
        if not self._dirty.is_set():
            self._dirty.set()

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        self._stopped.set()
        self._dirty.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.is_set():
            self._dirty.wait()
            self._stopped.wait(self._every)
            self._dirty.clear()
            try:
                self._file.sync()
            except StorageError as failure:
                self._failure = failure
                return
