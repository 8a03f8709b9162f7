"""Found replies on disk while the whole source is looked at: a run is made only of what was read to its end."""

import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import FoundReply
from persona_batch.record.durable import storage_error

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FoundReply).decode


class Spool:
    """An unnamed file of replies, written once and read as often as needed, in order."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=1 << 20)  # noqa: SIM115  # closed by `__exit__`
        self._sizes = array("q")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._sizes)

    def append(self, reply: FoundReply) -> None:
        """Add a reply.

        Raises:
            StorageError: there is no room for it.
            UsageError: a text in it is no Unicode text (half of a surrogate pair).
        """
        try:
            data = _encode(reply)
        except UnicodeEncodeError as error:
            raise UsageError(f"{reply.place}: half a surrogate pair, which is no character") from error
        except OverflowError as error:
            raise UsageError(f"{reply.place}: a number of more than 64 bits; write it as text") from error
        self._sizes.append(len(data))
        try:
            self._file.write(data)
        except OSError as error:
            raise storage_error(Path(tempfile.gettempdir()), error) from error

    def __iter__(self) -> Iterator[FoundReply]:
        self._file.seek(0)
        return (_decode(self._file.read(size)) for size in self._sizes)
