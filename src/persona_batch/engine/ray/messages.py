"""What the run's process and its actors say to each other: plain values, which Ray carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from persona_batch.asking.leases import Word
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.errors import BatchError
from persona_batch.provider.contract import Timeouts
from persona_batch.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an actor needs to know to ask.

    `target` is the pickled endpoint, without keys; `folder` is where journals lie if that is the folder in which the
    file `sign` says `sign`; `leased`: there are limits that are kept by the run's process; `live`: it wants text as
    it comes.
    """

    target: bytes
    timeouts: Timeouts
    limits: RunLimits
    policy: RetryPolicy
    run_id: str
    folder: str
    sign: str
    keep_thinking: bool
    custom_checks: tuple[str, ...]
    leased: bool
    live: bool


@dataclass(frozen=True, slots=True)
class Started:
    """An actor is ready; or it is not, and why. `shared`: its journal lies in the run's folder; `host`: its machine."""

    host: str
    shared: bool
    error: BatchError | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What is under way in an actor; see `asking.limits.Gauge`."""

    requests: int = 0
    in_flight: int = 0
    unreached: int = 0
    retrying: int = 0
    waiting_for: str | None = None
    waiting_for_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened in an actor since the last one.

    `stopped` says why it asks nothing any more; `idle`: it is at work on no cell.
    """

    records: Sequence[Record] = ()
    words: Sequence[Word] = ()
    texts: Sequence[tuple[str, str]] = ()
    events: Sequence[tuple[str, Mapping[str, str | float | None]]] = ()
    counts: Counts = field(default_factory=Counts)
    stopped: BatchError | None = None
    idle: bool = False
