"""Our provider, asking and engine on the same endpoint, without files or command line.

python -m benchmarks.clients.our_engine BASE_URL MODEL REPLIES CONCURRENCY
"""

import asyncio
import gc
import sys

from benchmarks.cells import asks
from benchmarks.clients.outcome import Outcome
from persona_batch.asking.limits import RunLimits
from persona_batch.config.batch import Batch, Persona, Question, RunSettings
from persona_batch.engine.engines import Job
from persona_batch.engine.in_process import LocalEngine
from persona_batch.engine.progress import Progress
from persona_batch.plan.grid import Grid
from persona_batch.provider.connect import open_provider, resolve
from persona_batch.provider.contract import Provider, Timeouts
from persona_batch.provider.target import Target


def grid_of(target: Target, model: str, size: int) -> Grid:
    """Return a grid of that many cells."""
    questions = tuple(Question(ask.question, ask.user) for ask in asks(1, size))
    persona = Persona("wukong", ("你是孙悟空",), questions)
    batch = Batch("benchmark", [persona], RunSettings(), ())
    return Grid(batch, endpoint=target.endpoint, models=[model])


async def ask_all(provider: Provider, grid: Grid, concurrency: int, outcome: Outcome) -> None:
    """Run a grid and count its records."""
    limits = RunLimits(concurrency=concurrency, adaptive=False)
    job = Job(provider=provider, run_id="benchmark", progress=Progress(total=len(grid)), limits=limits)
    async for record in LocalEngine(job).run([grid]):
        outcome.failures += record.status != "ok"
        if record.timing is not None and record.timing.ttft_ms is not None:
            outcome.replies += 1
            outcome.chunks += record.timing.chunks
            outcome.compare_ttft(record.reply, record.timing.ttft_ms)


async def main(base_url: str, model: str, replies: int, concurrency: int) -> None:
    """Ask once to warm up, then `replies` times."""
    target = resolve(RunSettings(base_url=base_url), {})
    async with open_provider(target, concurrency=concurrency, timeouts=Timeouts()) as provider:
        await ask_all(provider, grid_of(target, "mock-n1", 1), 1, Outcome())
        grid = grid_of(target, model, replies)
        outcome = Outcome()
        gc.set_threshold(50_000, 20, 100)  # these two as `batch run` does
        gc.freeze()
        outcome.start()
        await ask_all(provider, grid, concurrency, outcome)
        outcome.stop()
    outcome.print()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
