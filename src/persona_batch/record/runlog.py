"""run.log: one JSON object per line for each thing that happened beside the records (retries, pauses, stops)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from persona_batch.credentials import mask
from persona_batch.record.durable import AppendFile

Clean: TypeAlias = Callable[[str], str]


def as_is(text: str) -> str:
    """Return the text: where there is no secret to take out."""
    return text


class RunLog(AbstractContextManager["RunLog"]):
    """Appends events. Every text passes through `clean`, which takes known keys out of it, and loses all others too.

    Args:
        path: the log; made if it is missing. None: events go nowhere (`batch ask`).
        clean: takes secrets out of a text.

    Raises:
        StorageError: the file cannot be opened.
    """

    def __init__(self, path: Path | None = None, clean: Clean = as_is) -> None:
        self._file = None if path is None else AppendFile(path)
        self.clean = clean

    def write(self, event: str, **fields: str | float | None) -> None:
        """Append `{"at": …, "event": …, …}`.

        Raises:
            StorageError: the line is not on disk.
        """
        if self._file is None:
            return
        line: dict[str, str | float | None] = {"at": utc_now(), "event": event}
        for name, value in fields.items():
            line[name] = mask(self.clean(value)) if isinstance(value, str) else value
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def utc_now() -> str:
    """Return the time as records and manifests write it: UTC, ISO 8601, milliseconds."""
    return utc_text(datetime.now(UTC))


def utc_text(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
