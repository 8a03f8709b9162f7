"""Journals: files of entries that are appended, each under a key, and outlive whatever ends the process.

A journal is JSON Lines: one entry a line, a msgspec struct with a `key` of 32 hex digits (`plan.key`). What the one
writer of such a file (`Sink`) promises:

- An entry is one byte string ending in a newline, appended by one `write` to a descriptor opened O_APPEND. Once
  `append` has returned, the entry is with the operating system: killing the process, however rudely, loses
  nothing.
- Power failure or a crash of the machine may lose the last `sync_every` seconds (0.25): the file is synced by a
  thread four times a second while entries come, because a sync per entry would cost fifteen times the write.
- A last line without a newline (a write cut off by a full disk or a power failure) is not an entry. It is moved
  to `<stem>.torn` beside the file, and what it was to say is to be had again.
- A key occurs once in a file: a second entry of the same key is refused.
- When the disk is full, the file read-only or the folder gone, `StorageError` is raised and what is on disk is
  whole.

Readers (`Journal`) pass over a torn last line: it is never trusted. Any other line that is no entry means that the
file was edited or the disk damaged, and is an error that names the line. They are plain binary loops, twice as fast
as a general JSON Lines reader.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Generic, Protocol, TypeVar

import jsonlines
import msgspec

from persona_batch.errors import StorageError, UsageError
from persona_batch.plan.key import KeySet
from persona_batch.record.durable import AppendFile, set_torn_aside, storage_error, sync_folder

_NEWLINE = ord("\n")
_BUFFER = 1 << 20  # bytes; an entry has some thousands
_LONGEST = 1 << 28  # bytes of a line; more is no entry, and is not taken into memory


class Entry(Protocol):
    """What a journal holds: anything with a key, as a msgspec struct."""

    @property
    def key(self) -> str:
        """32 hex digits."""


E = TypeVar("E", bound=Entry)
H = TypeVar("H", bound=Entry)


class Journal(Generic[E]):
    """A journal as it is read.

    Args:
        path: the file; it may be missing.
        kind: the type of its entries.
        noun: what errors call one.
        again: what becomes of an entry whose line was removed ("its cell is asked again …").
        said: what of an entry no renaming changes; entries of one key that say the same are one. None: all of it.
    """

    def __init__(
        self, path: Path, kind: type[E], *, noun: str, again: str, said: Callable[[E], object] | None = None
    ) -> None:
        self.path, self.noun = path, noun
        self._again, self._said = again, said
        self.decode = msgspec.json.Decoder(kind).decode

    def read(self) -> Iterator[E]:
        """Yield the entries, in the order in which they were appended.

        Raises:
            UsageError: the file cannot be read, or a line that is not the torn last one is no entry.
        """
        return self._entries(self.decode)

    def scan(self, head: type[H], keys: KeySet | None = None) -> Iterator[H]:
        """Yield the fields of every entry that `head` has, and add the keys to `keys`; a missing file is an empty one.

        Raises:
            UsageError: as for `read`; also a key that occurs twice, where keys are wanted.
        """
        return self._entries(msgspec.json.Decoder(head).decode, keys) if self.path.exists() else iter(())

    def lines(self) -> Iterator[bytes]:
        """Yield the lines as they are, a torn last one too.

        Raises:
            UsageError: the file cannot be read, or a line is longer than any entry.
        """
        try:
            with self.path.open("rb", buffering=_BUFFER) as file:
                for number, line in enumerate(iter(partial(file.readline, _LONGEST), b""), 1):
                    if len(line) == _LONGEST and line[-1] != _NEWLINE and not _is_last(file):
                        raise UsageError(
                            f"{self.path}:{number}: a line of more than {_LONGEST >> 20} MB, which no {self.noun} is; "
                            f"the file was damaged: remove the line, and {self._again}"
                        )
                    yield line
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read: {error.strerror}") from error

    def entry(self, line: bytes, number: int) -> E:
        """Return the entry of a line, which ends in its newline; `number` counts lines from 1, for the error.

        Raises:
            UsageError: the line is no entry.
        """
        try:
            return self.decode(line)
        except (msgspec.MsgspecError, ValueError) as error:
            raise self._damaged(number, error) from error

    def digest(self, entry: E) -> bytes:
        """Return 16 bytes that tell what an entry says from what others of its key say."""
        said = entry if self._said is None else self._said(entry)
        return hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=16).digest()

    def _entries(self, decode: Callable[[bytes], H], keys: KeySet | None = None) -> Iterator[H]:
        for number, line in enumerate(self.lines(), 1):
            if line[-1] != _NEWLINE:
                return
            try:
                entry = decode(line)
                new = keys is None or keys.add(entry.key)
            except (msgspec.MsgspecError, ValueError) as error:
                raise self._damaged(number, error) from error
            if not new:
                raise UsageError(f"{self.path}:{number}: the key {entry.key} occurs twice; remove one of the two lines")
            yield entry

    def _damaged(self, number: int, error: Exception) -> UsageError:
        return UsageError(
            f"{self.path}:{number}: not a {self.noun} ({error}); the file was edited or damaged: "
            f"remove the line, and {self._again}"
        )


def _is_last(file: BinaryIO) -> bool:
    """Read on to the end of the line, and say whether it never comes: the line is torn."""
    while rest := file.readline(_BUFFER):
        if rest[-1] == _NEWLINE:
            return False
    return True


class DuplicateKey(RuntimeError):
    """A second entry of one key: a mistake of the program, never of the user."""


class Sink(AbstractContextManager["Sink"]):
    """Appends entries to a file. Use as a context manager, one per file at a time (for records: `RunDir.lock`).

    Args:
        path: the file; made if it is missing.
        keys: the keys that the file holds already (`Journal.scan`); appended keys are added to it.
        sync_every: seconds between syncs to the device.

    Raises:
        StorageError: the file cannot be opened or repaired.
    """

    def __init__(self, path: Path, *, keys: KeySet | None = None, sync_every: float = 0.25) -> None:
        self._keys = KeySet() if keys is None else keys
        self._file = AppendFile(path)
        try:
            set_torn_aside(path, self._file.fileno())
            sync_folder(path.parent)
        except OSError as error:
            self._file.close()
            raise storage_error(path, error) from error
        self._writer = jsonlines.Writer(self._file, dumps=msgspec.json.Encoder().encode, flush=True)
        self._syncer = _Syncer(self._file, sync_every)

    def append(self, entry: Entry) -> None:
        """Write one entry; when this returns, killing the process no longer loses it.

        Raises:
            StorageError: the entry is not on disk, everything before it is.
            DuplicateKey: the file has an entry of this key.
        """
        if entry.key in self._keys:
            raise DuplicateKey(f"a second entry of the key {entry.key} in {self._file.path}")
        self._syncer.check()
        self._writer.write(entry)
        self._keys.add(entry.key)
        self._syncer.wake()

    def flush(self) -> None:
        """Wait until every entry is on the device.

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

    def __exit__(self, *_: object) -> None:
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
