"""submissions.jsonl: what a run handed to a provider in batch files, so that nothing is ever handed over twice.

Each line is an event of one submission and is on the device before the next step is taken: `intended` (with the keys of
its requests and the hash of their file), `uploaded`, `creating`, `created`, `ended`, `collected`. A process killed
between `creating` and `created` leaves the one question that only the endpoint, or the user, can answer: was the batch
made?
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from persona_batch.errors import UsageError
from persona_batch.record.durable import AppendFile, set_torn_aside, storage_error, sync_folder

Step: TypeAlias = Literal[
    "intended", "uploaded", "creating", "created", "ended", "collected", "refused", "abandoned", "cancelling"
]
CLOSED: tuple[Step, ...] = ("collected", "refused", "abandoned")
"""Steps after which nothing of a submission is to come: its keys may be submitted anew, where they have no record."""


class Event(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line. `id` is the submission's own, made here; `at` UTC, ISO 8601.

    Of `intended`: `file` (name in the run's folder) and its `sha256`, `keys` of the requests, `model`, `run_id`,
    `shard`, `url`, `window`. Of `uploaded`: `file_id`. Of `created` (or adopted): `batch_id`, `expires_at`. Of `ended`:
    `phase`, and the ids `output_file`, `error_file`. Of `collected`: `counts` (records, missing, …). Of `refused`,
    `abandoned`: `why`.
    """

    id: str
    step: Step
    at: str
    file: str | None = None
    sha256: str | None = None
    keys: list[str] = []
    model: str | None = None
    run_id: str | None = None
    shard: str | None = None
    url: str | None = None
    window: str | None = None
    file_id: str | None = None
    batch_id: str | None = None
    expires_at: float | None = None
    phase: str | None = None
    output_file: str | None = None
    error_file: str | None = None
    counts: dict[str, int] = {}
    why: str | None = None


class Submission(msgspec.Struct, kw_only=True):
    """One batch file and what became of it: its events, folded."""

    id: str
    step: Step
    at: str
    since: str
    file: str
    sha256: str
    keys: list[str]
    model: str
    shard: str | None = None
    url: str | None = None
    window: str | None = None
    file_id: str | None = None
    batch_id: str | None = None
    expires_at: float | None = None
    phase: str | None = None
    output_file: str | None = None
    error_file: str | None = None
    counts: dict[str, int] = {}
    why: str | None = None

    @property
    def open(self) -> bool:
        """Whether something is still to come of it."""
        return self.step not in CLOSED


_decode = msgspec.json.Decoder(Event).decode
_encode = msgspec.json.Encoder().encode
_KEPT = ("file_id", "batch_id", "expires_at", "phase", "output_file", "error_file", "counts", "why")


def read_submissions(path: Path) -> list[Submission]:
    """Return the submissions of a run in the order they were intended; a missing file is an empty one.

    Raises:
        UsageError: the file cannot be read, or a line that is not the torn last one is no event of one.
    """
    found: dict[str, Submission] = {}
    for number, event in _events(path):
        if event.step == "intended":
            found[event.id] = Submission(
                id=event.id,
                step=event.step,
                at=event.at,
                since=event.at,
                file=event.file or "",
                sha256=event.sha256 or "",
                keys=event.keys,
                model=event.model or "",
                shard=event.shard,
                url=event.url,
                window=event.window,
            )
            continue
        if event.id not in found:
            raise UsageError(f"{path}:{number}: the submission {event.id} was never intended; the file was edited")
        one = found[event.id]
        one.step, one.since = event.step, event.at
        for name in _KEPT:
            if (value := getattr(event, name)) not in (None, {}):
                setattr(one, name, value)
    return list(found.values())


def _events(path: Path) -> Iterator[tuple[int, Event]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield number, _decode(line)
                except (msgspec.MsgspecError, ValueError) as error:
                    raise UsageError(f"{path}:{number}: not a line of submissions ({error})") from error
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def write_event(path: Path, event: Event) -> None:
    """Append an event; it is on the device when this returns. Call it under the run's lock.

    Raises:
        StorageError: it is not on disk; everything before it is.
    """
    with AppendFile(path) as file:
        try:
            set_torn_aside(path, file.fileno())
        except OSError as error:
            raise storage_error(path, error) from error
        file.write(_encode(event) + b"\n")
        file.flush()
        file.sync()
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error
