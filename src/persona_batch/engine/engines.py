"""What an engine is, and which there are: each is given cells and yields records, in whatever order they finish.

Engines never write: only the pipeline owns the sink. To add one: a module with a class that is made of a `Job` and
satisfies `Engine`, and its name in `ENGINES`.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Final, Protocol

from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.engine.progress import Progress
from persona_batch.errors import BatchError, UsageError
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import Provider, Timeouts
from persona_batch.provider.target import Target
from persona_batch.record import Record
from persona_batch.record.rundir import RunDir
from persona_batch.record.runlog import RunLog
from persona_batch.wording import meant

BATCH: Final = "batch"  # the engine of batch files
RAY: Final = "ray"  # that of Ray clusters
ENGINES: Final = {
    "local": "persona_batch.engine.in_process:LocalEngine",
    BATCH: "persona_batch.engine.batches.engine:BatchEngine",
    RAY: "persona_batch.engine.ray.driver:RayEngine",
}
"""Every engine's name, as `--engine` takes it, and its class, which is loaded when it is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a run lives, for engines that ask from elsewhere than this process, or not at once.

    `target` is the endpoint; `shard` the part of the grid that is asked, as `2/4`; `wait` seconds that an engine looks
    for results that are not there yet (None: it looks once); `window`: within which a batch is wanted (None: the
    endpoint's usual one); `note` tells the user something. `left` makes the cells that have no record yet once more,
    for results that come when all cells were seen. `workers` is how many processes ask (1: the engine's
    usual number); `custom_checks` are the checks in Python that may be called there.
    """

    run: RunDir
    target: Target
    timeouts: Timeouts
    shard: str | None = None
    wait: float | None = None
    window: str | None = None
    note: Callable[[str], None] = lambda _: None
    left: Callable[[], Iterable[Iterable[Cell]]] = tuple
    workers: int = 1
    custom_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run's work, as every engine is given it.

    `provider` is the open endpoint; `run_id` goes into the records; `progress` is kept up to date; `limits` say what
    may be asked and `policy` when again; `ledger` counts the day's requests (needed if `limits.per_day` is set); `log`
    is told of retries and pauses; `on_text` is called with each piece of each reply; `keep_thinking` leaves thoughts
    that a model wrote into its text in the replies; `site` is needed by engines that ask from elsewhere.
    """

    provider: Provider
    run_id: str
    progress: Progress
    limits: RunLimits = field(default_factory=RunLimits)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    ledger: Ledger | None = None
    log: RunLog = field(default_factory=RunLog)
    on_text: Callable[[Cell, str], None] | None = None
    keep_thinking: bool = False
    site: Site | None = None


class Engine(Protocol):
    """Runs the cells of one run, once, and yields one record for each that was finished."""

    def run(self, blocks: Iterable[Iterable[Cell]]) -> AsyncGenerator[Record, None]:
        """Yield a record per cell, as it finishes; the cells come in blocks (`progress.pending`), read lazily.

        A block may be empty, and takes little time to read: between two of them the event loop has its turn.
        Closing the iterator cancels what is under way.

        Raises:
            StoppedEarly: a quota, budget or time limit, or an endpoint that is down; cells are left.
            UsageError: the key is refused or the model unknown, and nothing was answered.
            BatchError: what was given to `stop`, if cells are left.
        """
        ...

    def stop(self, reason: BatchError) -> None:
        """Stop the run: nothing new is asked, waits end, running requests get some seconds to finish.

        Called again, it cancels them at once. Call it from the loop's thread (a signal handler of the loop is).
        """
        ...


def engine_named(name: str) -> Callable[[Job], Engine]:
    """Return what makes the engine of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in ENGINES:
        raise UsageError(f"--engine {name}: {meant(name, ENGINES)}")
    maker: Callable[[Job], Engine] = resolve_name(ENGINES[name])
    return maker
