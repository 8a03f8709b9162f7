"""Files of results: which line is whose.

Lines may come in any order, doubled, or not at all; none is kept in memory.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from persona_batch.asking.result_line import ResultLine, read_line
from persona_batch.engine.batches.places import Place, Places
from persona_batch.errors import ProviderError
from persona_batch.plan.key import KeySet
from persona_batch.record.durable import storage_error
from persona_batch.record.runlog import RunLog
from persona_batch.record.submissions import Submission

_BUFFER: Final = 1 << 20
_LONGEST: Final = 1 << 26  # bytes of a line; more is no result, and is not taken into memory
_OPEN: Final = 16  # files at a time
_DIGITS: Final = 32  # of a key


@dataclass(slots=True)
class Tally:
    """What the files of one submission hold: keys with a completion, and keys whose request failed.

    `why` is what the first failure was where none of the requests was at fault and none succeeded: the account, the
    key or the endpoint was.
    """

    good: int = 0
    failed: int = 0
    why: ProviderError | None = None


class Results:
    """The results of several submissions; close it after use.

    Args:
        folder: the run's batch files.
        log: told of lines that are nobody's, doubled or unreadable.
    """

    def __init__(self, folder: Path, log: RunLog) -> None:
        self._folder = folder
        self._log = log
        self._places = Places()
        self._files: list[tuple[str, str]] = []  # of a submission by its id, and its name
        self._open: OrderedDict[int, BinaryIO] = OrderedDict()

    def take(self, one: Submission) -> Tally:
        """Look through the result files of a submission, and note where each key's line is.

        Raises:
            StorageError: a file that is there cannot be read.
        """
        wanted = KeySet()
        for key in one.keys:
            wanted.add(key)
        tally, blameless, first = Tally(), True, len(self._files)
        for name in (one.output, one.errors):
            number = len(self._files)
            self._files.append((one.id, name))
            for offset, line in self._lines(number):
                if line.missing:
                    continue
                key = line.custom_id
                if not _is_key(key) or key not in wanted:
                    self._log.write("unknown_result", submission=one.id, key=key)
                    continue
                good = line.good
                before = self._places.find(key)
                again = before is not None and before.file >= first
                if again:
                    self._log.write("doubled_result", submission=one.id, key=key)
                if not self._places.add(key, Place(number, offset, good)):
                    continue
                tally.good += good
                tally.failed += -1 if again else not good
                if not good and blameless and not tally.good:
                    error = line.failure
                    blameless = error is not None and (error.fatal or error.retryable)
                    tally.why = tally.why or error
        if tally.good or not blameless:
            tally.why = None
        return tally

    def find(self, key: str) -> tuple[str, ResultLine, bool] | None:
        """Return the id of the submission that has a result of a key, its line, and whether it is good; None: none has.

        Raises:
            StorageError: the file cannot be read any more.
        """
        place = self._places.find(key)
        if place is None:
            return None
        submission, name = self._files[place.file]
        try:
            file = self._opened(place.file)
            file.seek(place.offset)
            return submission, read_line(file.readline(_LONGEST)), place.good
        except (OSError, ValueError) as error:
            problem = error if isinstance(error, OSError) else OSError(str(error))
            raise storage_error(self._folder / name, problem) from error

    def close(self) -> None:
        """Close the files."""
        while self._open:
            self._open.popitem()[1].close()

    def _opened(self, number: int) -> BinaryIO:
        """Return a file to be read, of which a few are open at a time: cells come about in the order of the files."""
        file = self._open.pop(number, None) or self._path(number).open("rb", buffering=_BUFFER)
        self._open[number] = file
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)[1].close()
        return file

    def _path(self, number: int) -> Path:
        return self._folder / self._files[number][1]

    def _lines(self, number: int) -> Iterator[tuple[int, ResultLine]]:
        """Yield each line that can be read, and where it begins."""
        path = self._path(number)
        offset = 0
        try:
            if not path.exists():
                return
            with path.open("rb", buffering=_BUFFER) as file:
                for line in iter(partial(file.readline, _LONGEST), b""):
                    if line.strip():
                        try:
                            yield offset, read_line(line)
                        except ValueError as error:
                            self._log.write("unreadable_result", file=path.name, offset=offset, message=str(error))
                    offset += len(line)
        except OSError as error:
            raise storage_error(path, error) from error


def _is_key(text: str) -> bool:
    return len(text) == _DIGITS and all(char in "0123456789abcdef" for char in text)
