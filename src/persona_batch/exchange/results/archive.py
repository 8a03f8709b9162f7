"""A zip of results, read entry by entry in bounded memory, whatever its directory claims; also by Zstandard."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from persona_batch.errors import UsageError
from persona_batch.exchange.results.reading import MAX_LINE, shown

MAX_ENTRIES = 200_000
MAX_TOTAL = 4 << 30  # bytes of all entries together, unpacked
_ZSTANDARD = 93
_NEEDS = (
    "is packed by Zstandard, which needs pyarrow: `pip install 'persona-batch[parquet]'` brings it; or "
    "`inspect log convert --to json` makes JSON of it"
)


class Archive:
    """A zip file, open for reading.

    Raises:
        UsageError: it is no zip, or has too many entries.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise self.wrong(f"not a whole zip archive ({error})") from error
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        if len(self._entries) > MAX_ENTRIES:
            raise self.wrong(f"more than {MAX_ENTRIES:,} entries")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def wrong(self, what: str) -> UsageError:
        """Return the error that says what is wrong with it."""
        return UsageError(f"{shown(self._path)}: {what}")

    def names(self, folder: str) -> Iterator[str]:
        """Yield the entries below a folder, in the order of the archive."""
        return (name for name in self._entries if name.startswith(folder) and name.endswith(".json"))

    def read(self, name: str) -> bytes | None:
        """Return an entry; None: there is none.

        Raises:
            UsageError: it is broken, or unpacks to more than anybody's reply takes.
        """
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.flag_bits & 1:
            raise self.wrong(f"{name} is encrypted")
        try:
            with self._opened(entry) as file:
                data = file.read(MAX_LINE + 1)
        except UsageError:
            raise
        except (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile, struct.error) as error:
            raise self.wrong(f"{name} is damaged ({error})") from error
        self._read += len(data)
        if len(data) > MAX_LINE or self._read > MAX_TOTAL:
            raise self.wrong(f"{name} unpacks to more than {MAX_LINE >> 20} MB, or all together to more than 4 GB")
        return data

    def _opened(self, entry: zipfile.ZipInfo) -> IO[bytes]:
        if entry.compress_type != _ZSTANDARD:
            return self._zip.open(entry)
        try:
            import pyarrow
        except ImportError as error:
            raise self.wrong(_NEEDS) from error
        packed = self._packed(entry)
        stream: IO[bytes] = pyarrow.input_stream(pyarrow.py_buffer(packed), compression="zstd")
        return stream

    def _packed(self, entry: zipfile.ZipInfo) -> bytes:
        """Return the packed bytes of an entry, which Python's own module of this version cannot unpack."""
        if entry.compress_size > MAX_LINE:
            raise self.wrong(f"{entry.filename} takes more than {MAX_LINE >> 20} MB")
        with self._path.open("rb") as file:
            file.seek(entry.header_offset)
            head = file.read(30)
            if len(head) < 30 or head[:4] != b"PK\x03\x04":
                raise self.wrong(f"{entry.filename} is damaged (no header)")
            file.seek(sum(struct.unpack("<HH", head[26:30])), 1)
            packed = file.read(entry.compress_size)
        if len(packed) < entry.compress_size:
            raise self.wrong(f"{entry.filename} is cut off")
        return packed
