"""The replies of a comparison, kept out of memory where they are many."""

import os
import tempfile
from array import array
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from persona_batch.errors import UsageError

SPOOL_BYTES = 64 * 1024 * 1024


def no_room(error: OSError) -> UsageError:
    """Return what to tell the user when temporary files cannot be written."""
    return UsageError(f"{tempfile.gettempdir()}: {error.strerror}; name a folder with more room by TMPDIR")


class TextStore:
    """An append-only store of texts; in memory up to 64 MB, then in an unnamed temporary file."""

    def __init__(self, spool_bytes: int = SPOOL_BYTES) -> None:
        self._spool_bytes = spool_bytes
        self._file = tempfile.SpooledTemporaryFile(max_size=spool_bytes)  # noqa: SIM115 - closed by __exit__
        self._ends = array("Q", [0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, text: str) -> int:
        """Add a text and return its number. All appends come before the first read."""
        data = text.encode("utf-8", "surrogatepass")
        try:
            self._file.write(data)
        except OSError as error:
            raise no_room(error) from error
        self._ends.append(self._ends[-1] + len(data))
        return len(self._ends) - 2

    def flush(self) -> None:
        """Write what is still buffered: before processes are forked, which would write it again."""
        try:
            self._file.flush()
        except OSError as error:
            raise no_room(error) from error

    def read(self, numbers: Iterable[int]) -> list[str]:
        """Return the texts of these numbers."""
        found = []
        self.flush()
        for number in numbers:
            start, end = self._ends[number], self._ends[number + 1]
            found.append(self._read(start, end - start).decode("utf-8", "surrogatepass"))
        return found

    def _read(self, start: int, size: int) -> bytes:
        """Read without moving a place that forked processes share."""
        if self._on_disk and hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, start)
        self._file.seek(start)
        return self._file.read(size)

    @property
    def _on_disk(self) -> bool:
        return self._ends[-1] > self._spool_bytes
