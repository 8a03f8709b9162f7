"""Running an engine to its end in virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.cells import TimedProvider, make_cells
from engine.virtual_time import run_virtually
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.engine.engines import Job
from persona_batch.engine.in_process import LocalEngine
from persona_batch.engine.progress import Progress
from persona_batch.errors import BatchError
from persona_batch.record import Record


@dataclass
class Outcome:
    """What came of a run: its records, how it ended (None: complete), and how long it took, in virtual seconds."""

    progress: Progress
    records: list[Record] = field(default_factory=list)
    ended: BatchError | None = None
    seconds: float = 0.0


def run_cells(
    provider: TimedProvider,
    count: int,
    *,
    limits: RunLimits | None = None,
    policy: RetryPolicy | None = None,
    ledger: Ledger | None = None,
    grace: float = 5.0,
    during: Callable[[LocalEngine, asyncio.AbstractEventLoop], object] | None = None,
) -> Outcome:
    """Ask so many cells; `during` may schedule what happens meanwhile."""

    async def main() -> Outcome:
        loop = asyncio.get_running_loop()
        outcome = Outcome(Progress(total=count, clock=loop.time))
        job = Job(
            provider=provider,
            run_id="run",
            progress=outcome.progress,
            limits=limits or RunLimits(),
            policy=policy or RetryPolicy(),
            ledger=ledger,
        )
        engine = LocalEngine(job, grace=grace)
        if during is not None:
            during(engine, loop)
        started = loop.time()
        try:
            async for record in engine.run([make_cells(count)]):
                outcome.records.append(record)
        except BatchError as error:
            outcome.ended = error
        outcome.seconds = loop.time() - started
        return outcome

    return run_virtually(main())
