"""A file of requests, written line by line: what a batch is made of."""

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from persona_batch.errors import StorageError
from persona_batch.plan.cell import Cell
from persona_batch.record.durable import storage_error, sync_folder

_BUFFER = 1 << 20


class RequestFile:
    """One model's requests; only their keys are held in memory.

    Args:
        folder: where it is made, as `<id>.requests.jsonl`.
        model: that all of them ask.
        lines, size: the most lines and bytes that it may have.

    Raises:
        StorageError: it cannot be made.
    """

    def __init__(self, folder: Path, model: str, *, lines: int, size: int) -> None:
        self.id = secrets.token_hex(6)
        self.model = model
        self.path = folder / f"{self.id}.requests.jsonl"
        self.keys: list[str] = []
        self._lines, self._left = lines, size
        self._digest = hashlib.sha256()
        try:
            folder.mkdir(exist_ok=True)
            self._file = self.path.open("xb", buffering=_BUFFER)
        except OSError as error:
            raise storage_error(self.path, error) from error

    def has_room(self, line: bytes) -> bool:
        """Whether a line still fits."""
        return len(self.keys) < self._lines and len(line) <= self._left

    def add(self, cell: Cell, line: bytes) -> None:
        """Append the line of a cell, which ends in its newline.

        Raises:
            StorageError: it is not on disk.
        """
        try:
            self._file.write(line)
        except OSError as error:
            raise self._failed(error) from error
        self._digest.update(line)
        self._left -= len(line)
        self.keys.append(cell.key)

    def close(self) -> str:
        """Bring the whole file onto the device, and return its SHA-256 in hex digits.

        Raises:
            StorageError: it is not there.
        """
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            sync_folder(self.path.parent)
        except OSError as error:
            raise self._failed(error) from error
        return self._digest.hexdigest()

    def drop(self) -> None:
        """Remove the file: nobody will be given it."""
        with suppress(OSError):  # what it could not write is not wanted any more
            self._file.close()
        self.path.unlink(missing_ok=True)

    def _failed(self, error: OSError) -> StorageError:
        self.drop()
        return storage_error(self.path, error)
