"""Results depend on what is asked, never on how: concurrency, workers, transport, timing of the endpoint."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.checks import Check
from persona_batch.config.batch import Batch, Persona, Question, RunSettings
from persona_batch.engine.engines import Job
from persona_batch.engine.in_process import LocalEngine
from persona_batch.engine.progress import Progress
from persona_batch.plan.grid import Grid
from persona_batch.provider.connect import open_provider, resolve
from persona_batch.provider.contract import Provider, Timeouts
from persona_batch.provider.target import Target
from servers.act import Act, Script, Share
from servers.faulty import FaultyServer

SLOW = Share(0.2, Act(latency=0.002, pause=0.001, chunks=9))
IN_ONE = Share(0.2, Act(whole=True))
BROKEN = Share(0.1, Act(status=503))
SCRIPT = Script(shares=[SLOW, IN_ONE, BROKEN], default=Act(chunks=4))


class Endpoint:
    """One faulty endpoint and three ways to it, open for the whole module."""

    def __init__(self, ways: dict[str, Provider], target: Target, runner: asyncio.Runner) -> None:
        self.ways = ways
        self._target = target
        self._runner = runner

    def results(self, way: str, concurrency: int, personas: int, questions: int, samples: int) -> dict[str, Any]:
        """Return what a run's records say about what was asked and answered, by key."""
        asked = tuple(
            Question(f"q{i}", f"question {i}: 你好", checks=(Check("contains", "You"),)) for i in range(questions)
        )
        cast = [
            Persona(f"p{i}", (f"You are number {i}.",), asked, params={"temperature": 0.5}) for i in range(personas)
        ]
        batch = Batch("same", cast, RunSettings(samples=samples, seed=concurrency), ())
        grid = Grid(batch, endpoint=self._target.endpoint, models=["test-model"])

        async def work() -> dict[str, Any]:
            job = Job(
                provider=self.ways[way],
                run_id="run",
                progress=Progress(total=len(grid)),
                limits=RunLimits(concurrency=concurrency),
                policy=RetryPolicy(retries=50, base=0.001, cap=0.001),
            )
            records = [record async for record in LocalEngine(job).run([grid])]
            assert len(records) == len(grid)
            return {record.key: essence(msgspec.to_builtins(record)) for record in records}

        return self._runner.run(work())


def essence(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what differs between two runs by nature: times, tries, how a reply was cut."""
    return {
        name: value
        for name, value in record.items()
        if name not in {"timing", "attempts", "request_id", "system_fingerprint"}
    }


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with pytest.MonkeyPatch.context() as environment, asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def start() -> Endpoint:
            server = await stack.enter_async_context(FaultyServer(SCRIPT))
            target = resolve(RunSettings(base_url=server.base_url), {})
            ways = {}
            for name, workers in (("direct", 1), ("two workers", 2)):
                provider = open_provider(target, concurrency=8, timeouts=Timeouts(), workers=workers)
                ways[name] = await stack.enter_async_context(provider)
            environment.setenv("http_proxy", server.base_url.removesuffix("/v1"))
            environment.delenv("no_proxy", raising=False)
            provider = open_provider(target, concurrency=8, timeouts=Timeouts())
            ways["through a proxy"] = await stack.enter_async_context(provider)
            return Endpoint(ways, target, runner)

        yield runner.run(start())
        runner.run(stack.aclose())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    concurrency=st.integers(1, 8),
    personas=st.integers(1, 3),
    questions=st.integers(1, 4),
    samples=st.integers(1, 2),
)
def test_results_are_the_same_whatever_concurrency_workers_and_transport(
    endpoint: Endpoint, concurrency: int, personas: int, questions: int, samples: int
) -> None:
    expected = endpoint.results("direct", 1, personas, questions, samples)
    assert len(expected) == personas * questions * samples
    for way in endpoint.ways:
        assert endpoint.results(way, concurrency, personas, questions, samples) == expected
