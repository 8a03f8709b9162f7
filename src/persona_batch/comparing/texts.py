"""Replies kept out of memory: appended once, read back by number."""

import tempfile
from array import array
from collections.abc import Iterable
from types import TracebackType
from typing import Self

SPOOL_BYTES = 64 * 1024 * 1024


class TextStore:
    """An append-only store of texts; in memory up to 64 MB, then in an unnamed temporary file."""

    def __init__(self, spool_bytes: int = SPOOL_BYTES) -> None:
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
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))
        return len(self._ends) - 2

    def read(self, numbers: Iterable[int]) -> list[str]:
        """Return the texts of these numbers."""
        found = []
        for number in numbers:
            start, end = self._ends[number], self._ends[number + 1]
            self._file.seek(start)
            found.append(self._file.read(end - start).decode("utf-8", "surrogatepass"))
        return found
