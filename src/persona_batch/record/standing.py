"""Records by where they stand in their file, so that what is told of together can be read together, in any order."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from persona_batch.errors import UsageError
from persona_batch.record.reader import journal_at
from persona_batch.record.record import Record

_NEWLINE = b"\n"
_BUFFER = 1 << 20  # bytes
_LONGEST = 1 << 28  # bytes of a line; more is no record

H = TypeVar("H", bound=msgspec.Struct)


class StandingRecords:
    """A records file held open as it was: what a run adds to it afterwards is not seen, however often it is read.

    The file may be replaced meanwhile (a resumed run renames its records); the one that was opened is read on.

    Raises:
        UsageError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._journal = journal_at(path)
        try:
            self._file = path.open("rb", buffering=_BUFFER)
            self._end = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self) -> Iterator[tuple[int, Record]]:
        """Yield the records in the order they finished, each with the byte at which its line begins.

        A last line that was torn, or still being written, when the file was opened is none. Nothing else may be read
        from this file before all are taken.

        Raises:
            UsageError: a line is no record, or the file cannot be read.
        """
        for place, number, line in self._lines():
            yield place, self._journal.entry(line, number)

    def heads(self, head: type[H]) -> Iterator[tuple[int, H]]:
        """Yield those fields of every record that `head` has, as `read` does: what it has not is passed over quickly.

        Raises:
            UsageError: as for `read`.
        """
        decode = msgspec.json.Decoder(head).decode
        for place, number, line in self._lines():
            try:
                yield place, decode(line)
            except (msgspec.MsgspecError, ValueError):
                self._journal.entry(line, number)  # says what is wrong with it
                raise

    def records(self) -> Iterator[Record]:
        """Yield the records alone, as `read` does.

        Raises:
            UsageError: as for `read`.
        """
        return (record for _, record in self.read())

    def at(self, place: int) -> Record:
        """Return the record whose line begins at this byte, as `read` gave it.

        Raises:
            UsageError: the file was changed in place since.
        """
        self._file.seek(place)
        return self._journal.entry(self._line(), 0)

    def _lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the whole lines, each with the byte at which it begins and its number, from 1."""
        place = number = 0
        self._file.seek(0)
        while (line := self._line()).endswith(_NEWLINE) and place + len(line) <= self._end:
            number += 1
            yield place, number, line
            place += len(line)
        if len(line) == _LONGEST:
            raise UsageError(f"{self._journal.path}:{number + 1}: a line of more than {_LONGEST >> 20} MB is no record")

    def _line(self) -> bytes:
        try:
            return self._file.readline(_LONGEST)
        except OSError as error:
            raise UsageError(f"{self._journal.path}: cannot be read: {error.strerror}") from error
