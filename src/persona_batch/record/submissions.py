"""submissions.jsonl: what a run handed to a provider in batch files, so that nothing is ever handed over twice.

Each line is an event of one submission and is on the device before the next step is taken: `intended` (with the keys of
its requests and the hash of their file), `uploaded`, `creating`, `created`, `ended`, `collected`. A process killed
between `creating` and `created` leaves the one question that only the endpoint, or the user, can answer: was the batch
made?
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, Unpack

import msgspec

from persona_batch.errors import UsageError
from persona_batch.record.durable import AppendFile, set_torn_aside, storage_error, sync_folder
from persona_batch.record.runlog import utc_now

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


class Told(TypedDict, total=False):
    """What an event may say beside its step; see `Event`."""

    file_id: str | None
    batch_id: str | None
    expires_at: float | None
    phase: str | None
    output_file: str | None
    error_file: str | None
    counts: dict[str, int]
    why: str | None


class Keys:
    """Keys of cells, 16 bytes each: a run may have handed over a million."""

    __slots__ = ("_packed",)

    def __init__(self, keys: Iterable[str]) -> None:
        self._packed = b"".join(map(bytes.fromhex, keys))

    def __len__(self) -> int:
        return len(self._packed) // _KEY_BYTES

    def __iter__(self) -> Iterator[str]:
        packed = self._packed
        return (packed[at : at + _KEY_BYTES].hex() for at in range(0, len(packed), _KEY_BYTES))


class Submission(msgspec.Struct, kw_only=True):
    """One batch file and what became of it: its events, folded.

    `file` is in the run's `batches` folder, and so are the results: `output` and `errors`, once they were fetched.
    """

    id: str
    step: Step
    at: str
    since: str
    file: str
    sha256: str
    keys: Keys
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

    @property
    def awaited(self) -> bool:
        """Whether a batch of it was made, whose results are not recorded yet."""
        return self.step in ("created", "cancelling", "ended")

    @property
    def unsettled(self) -> bool:
        """Whether the process ended, or the answer was lost, while the endpoint was asked to make the batch."""
        return self.step == "creating"

    @property
    def offline(self) -> bool:
        """Whether no server has it, but a program that the user runs: its output is waited for."""
        return self.step == "created" and self.batch_id is None

    @property
    def output(self) -> str:
        """The name of the file of results."""
        return f"{self.id}.output.jsonl"

    @property
    def errors(self) -> str:
        """The name of the file of failed requests, where the endpoint has one of its own for them."""
        return f"{self.id}.errors.jsonl"

    def take(self, event: Event) -> None:
        """Fold in a later event."""
        self.step, self.since = event.step, event.at
        for name in _KEPT:
            if (value := getattr(event, name)) not in (None, {}):
                setattr(self, name, value)


_KEY_BYTES = 16
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
            try:
                found[event.id] = _intended(event)
            except ValueError as error:
                raise UsageError(f"{path}:{number}: a key is 32 hex digits; the file was edited") from error
            continue
        if event.id not in found:
            raise UsageError(f"{path}:{number}: the submission {event.id} was never intended; the file was edited")
        found[event.id].take(event)
    return list(found.values())


def submitted(path: Path) -> int:
    """Return how many requests of a run are in submissions of which something is still to come; raises like
    `read_submissions`.
    """
    return sum(len(one.keys) for one in read_submissions(path) if one.open)


def _intended(event: Event) -> Submission:
    return Submission(
        id=event.id,
        step=event.step,
        at=event.at,
        since=event.at,
        file=event.file or "",
        sha256=event.sha256 or "",
        keys=Keys(event.keys),
        model=event.model or "",
        shard=event.shard,
        url=event.url,
        window=event.window,
    )


def intend(path: Path, event: Event) -> Submission:
    """Append the first event of a submission and return it; raises like `write_event`."""
    write_event(path, event)
    return _intended(event)


def enter(path: Path, one: Submission, step: Step, **told: Unpack[Told]) -> None:
    """Append what became of a submission, and fold it in; raises like `write_event`."""
    event = Event(id=one.id, step=step, at=utc_now(), **told)
    write_event(path, event)
    one.take(event)


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
