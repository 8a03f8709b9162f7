"""How far a run is: what of its grid is left, and counts and rates for whoever draws them."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from itertools import islice

from persona_batch.asking.limits import Gauge
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.plan.key import KeySet
from persona_batch.plan.shard import Shard
from persona_batch.pricing.bill import Bill
from persona_batch.pricing.price import PriceList
from persona_batch.record import Record, Status
from persona_batch.record.spending import attempts_of, bill_of

_BLOCK = 256  # cells of a block
_RATE_TICKS = 60  # points kept for the rate, at least a second apart
MOST_PERSONAS = 1000  # a table of 200,000 personas must not be held in memory
OTHERS = "…"


@dataclass(slots=True)
class PersonaTally:
    """One persona's records so far; `ok` are those that are neither failed, filtered nor empty."""

    cells: int = 0
    ok: int = 0
    failed: int = 0
    checks: int = 0
    passed_checks: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    bill: Bill = field(default_factory=Bill)
    _chars: int = 0
    _ttft_ms: float = 0.0
    _timed: int = 0

    @property
    def mean_chars(self) -> float | None:
        """Mean length of the replies that are ok, in characters."""
        return self._chars / self.ok if self.ok else None

    @property
    def mean_ttft_ms(self) -> float | None:
        """Mean time to the first token, in milliseconds."""
        return self._ttft_ms / self._timed if self._timed else None

    def include(self, other: "PersonaTally") -> None:
        """Add another's sums to these."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def add(self, record: Record, bill: Bill | None = None) -> None:
        """Count a record, and what it cost, where anybody is paid."""
        if bill is not None:
            self.bill += bill
        self.cells += 1
        self.failed += record.status == "error"
        if record.usable:
            self.ok += 1
            self._chars += len(record.reply)
        for result in record.results:
            self.checks += 1
            self.passed_checks += result.passed
        for usage in record.usages:
            self.prompt_tokens += usage.prompt_tokens or 0
            self.completion_tokens += usage.completion_tokens or 0
        if record.timing is not None and record.timing.ttft_ms is not None:
            self._ttft_ms += record.timing.ttft_ms
            self._timed += 1


def tally(tallies: dict[str, PersonaTally], record: Record, bill: Bill | None = None) -> None:
    """Count a record, and its cost, under its persona, or under `…` where the first 1,000 personas have their own."""
    apart = record.persona in tallies or len(tallies) < MOST_PERSONAS
    tallies.setdefault(record.persona if apart else OTHERS, PersonaTally()).add(record, bill)


@dataclass(slots=True, kw_only=True)
class Progress(Gauge):
    """Counts of one process on a run, beside what is under way.

    `total`: cells of the grid, about so many until they are `counted`; `skipped`: those finished in earlier sessions;
    `done`: records of this one, of which `failed` have status error. `bill` is what all records of the run cost so far,
    at the `prices` (none: nobody is paid). `personas` holds the first 1,000 personas, and the rest together under `…`.
    """

    total: int
    counted: bool = True
    clock: Callable[[], float] = time.monotonic
    skipped: int = 0
    done: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prices: Sequence[PriceList] = ()
    bill: Bill = field(default_factory=Bill)
    statuses: Counter[Status] = field(default_factory=Counter)
    personas: dict[str, PersonaTally] = field(default_factory=dict)
    _recorded: int = 0
    _ticks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_RATE_TICKS))

    def __post_init__(self) -> None:
        self._ticks.append((self.clock(), 0))

    @property
    def left(self) -> int:
        """Cells without a record; of those that are not counted yet, at least one."""
        left = self.total - self.skipped - self.done
        return left if self.counted else max(1, left)

    @property
    def lost(self) -> int:
        """Requests that were sent and are in no record, once nothing is under way: nobody knows what they cost."""
        return max(0, self.requests - self.unreached - self._recorded)

    def count(self, total: int) -> None:
        """Take the number of cells, now that they are counted."""
        self.total, self.counted = total, True

    def skip(self) -> None:
        """Count a cell that an earlier session finished."""
        self.skipped += 1

    def finish(self, record: Record) -> None:
        """Count a new record."""
        self.done += 1
        self.failed += record.status == "error"
        self.statuses[record.status] += 1
        self._recorded += attempts_of(record)
        for usage in record.usages:
            self.prompt_tokens += usage.prompt_tokens or 0
            self.completion_tokens += usage.completion_tokens or 0
            self.total_tokens += usage.together or 0
        bill = bill_of(record, self.prices) if self.prices else None
        if bill is not None:
            self.bill += bill
        tally(self.personas, record, bill)
        now = self.clock()
        if now - self._ticks[-1][0] >= 1.0:
            self._ticks.append((now, self.done))

    def rate(self) -> float:
        """Return records per second over about the last minute; 0 before the first."""
        since, before = self._ticks[0]
        elapsed = self.clock() - since
        return (self.done - before) / elapsed if elapsed > 0 else 0.0

    def eta(self) -> float | None:
        """Return the seconds that the rest will take at this rate; None while there is no rate."""
        rate = self.rate()
        return self.left / rate if rate > 0 else None


def pending(
    keyed: Iterable[tuple[str, Callable[[], Cell]]], finished: KeySet, progress: Progress, shard: Shard | None = None
) -> Iterator[Iterator[Cell]]:
    """Yield a grid in blocks of 256, each the cells in it that are not in `finished`; count the others as skipped.

    `keyed` are keys, each with what makes its cell (`Grid.keyed_before_shard`): a finished cell costs little more than
    its key, and a cell is not made before it is taken from its block. Cells of other shards are passed over, and make
    their blocks shorter.
    """
    keyed, total = iter(keyed), 0
    while block := list(islice(keyed, _BLOCK)):
        if shard is not None:
            block = [one for one in block if shard.holds(one[0])]
            total += len(block)
        yield _unfinished(block, finished, progress)
    if shard is not None:
        progress.count(total)


@asynccontextmanager
async def counting(grid: Grid, progress: Progress) -> AsyncIterator[None]:
    """Count a shard's cells while it is asked: a pass over the keys of a large grid is no reason to wait with it."""

    async def count() -> None:
        for _ in grid.count.slices():
            await asyncio.sleep(0)
        progress.count(len(grid))

    task = None if progress.counted else asyncio.create_task(count())
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _unfinished(
    block: Sequence[tuple[str, Callable[[], Cell]]], finished: KeySet, progress: Progress
) -> Iterator[Cell]:
    for key, make in block:
        if key in finished:
            progress.skip()
        else:
            yield make()
