import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from persona_batch import errors
from persona_batch.chat import Message
from persona_batch.config.batch import RunSettings
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import Burst, Request, StreamInfo, Timeouts
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.provider.target import Target
from persona_batch.provider.workers import WorkersProvider
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer

REQUEST = Request("test-model", (Message("system", "你是孙悟空"), Message("user", "你好")), {"temperature": 0.5})
KEY = "sk-very-secret-0123456789"


def run(
    script: Script,
    work: Callable[[WorkersProvider, FaultyServer, Target], Awaitable[None]],
    *,
    workers: int = 1,
    live: bool = False,
    timeouts: Timeouts | None = None,
) -> None:
    """Run `work` with worker processes connected to a faulty server."""

    async def main() -> None:
        async with FaultyServer(script) as server:
            settings = RunSettings(base_url=server.base_url, api_key_env="THE_KEY")
            target = resolve(settings, {"THE_KEY": KEY})
            async with WorkersProvider(
                target, workers=workers, concurrency=8, timeouts=timeouts, live=live
            ) as provider:
                await work(provider, server, target)

    asyncio.run(main())


async def stream(provider: WorkersProvider | OpenAIProvider, info: StreamInfo | None = None) -> list[Burst]:
    """Return the bursts of one reply."""
    async with aclosing(provider.stream(REQUEST, info or StreamInfo())) as bursts:
        return [burst async for burst in bursts]


def pid_of(provider: WorkersProvider, number: int = 0) -> int:
    return provider._workers[number].process.pid


def test_a_reply_is_the_same_as_without_workers() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, target: Target) -> None:
        info, direct_info = StreamInfo(), StreamInfo()
        bursts = await stream(provider, info)
        async with OpenAIProvider(target, concurrency=1) as direct:
            expected = await stream(direct, direct_info)
        assert [chunk for burst in bursts for chunk in burst.chunks] == [
            chunk for burst in expected for chunk in burst.chunks
        ]
        assert 0 < info.sent_ns <= bursts[0].at_ns <= bursts[-1].at_ns
        assert (info.request_id, info.headers) == ("req-1", direct_info.headers)
        first, second = server.chats
        assert (first.body, first.headers) == (second.body, second.headers)

    run(Script(api_key=KEY), work)


def test_text_comes_at_once_to_who_watches() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        async with aclosing(provider.stream(REQUEST, StreamInfo())) as bursts:
            for _step in range(4):
                server.step()
                assert (await anext(bursts)).chunks
            server.release()
            server.step(100)

    run(Script(default=Act(stepped=True, chunks=5)), work, live=True)


def test_the_first_text_is_not_held_back() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        async with aclosing(provider.stream(REQUEST, StreamInfo())) as bursts:
            server.step(2)  # the role, the first text
            seen = ""
            while not seen:
                seen += "".join(chunk.content for chunk in (await anext(bursts)).chunks)

    run(Script(default=Act(stepped=True, chunks=5)), work)


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Act(status=429, headers={"Retry-After": "3"}, body=error_body("slow down")), errors.RateLimited),
        (Act(status=401, body=error_body("no", code="invalid_api_key")), errors.AuthRefused),
        (Act(cut_after=300), errors.StreamCut),
        (Act(body="<html>welcome</html>"), errors.MalformedReply),
    ],
    ids=["too fast", "refused", "cut", "a page"],
)
def test_a_failure_crosses_with_all_it_says(act: Act, kind: type[errors.ProviderError]) -> None:
    async def work(provider: WorkersProvider, _: FaultyServer, target: Target) -> None:
        async with OpenAIProvider(target, concurrency=1) as direct:
            with pytest.raises(kind) as expected:
                await stream(direct)
        with pytest.raises(kind) as caught:
            await stream(provider)
        for name in ("message", "http_status", "code", "retry_after"):
            assert getattr(caught.value, name) == getattr(expected.value, name)

    run(Script(default=act), work)


def test_models_are_listed_by_a_worker() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        assert await provider.models() == ["a", "b"]

    run(Script(models=["a", "b"]), work)


def test_an_endpoint_without_a_list_is_the_same_error() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        with pytest.raises(errors.BadRequest):
            await provider.models()

    run(Script(models=None), work)


def test_a_reply_that_nobody_waits_for_is_left() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        task = asyncio.create_task(stream(provider))
        await server.arrived.wait()
        task.cancel()
        await asyncio.wait_for(server.disconnected.wait(), 10)

    run(Script(default=Act(silent=True)), work)


def test_requests_are_spread_over_the_workers() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        tasks = [asyncio.create_task(stream(provider)) for _ in range(6)]
        while server.in_flight < 6:
            await server.arrived.wait()
            await asyncio.sleep(0)
        assert [len(worker.waiting) for worker in provider._workers.values()] == [3, 3]
        server.release()
        replies = await asyncio.gather(*tasks)
        assert all(replies)

    run(Script(default=Act(silent=True)), work, workers=2)


HURRIED = Timeouts(first_token=8.0)  # a process that gives no sign of life for 4 s is taken for hung


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGSEGV])
def test_a_worker_that_dies_or_hangs_is_replaced_and_costs_only_its_own_replies(how: signal.Signals) -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        tasks = [asyncio.create_task(stream(provider)) for _ in range(2)]
        while server.in_flight < 2:
            await server.arrived.wait()
            await asyncio.sleep(0)
        first, second = (pid_of(provider, number) for number in (0, 1))
        os.kill(first, how)
        with pytest.raises(errors.ProcessLost, match="no sign of life" if how == signal.SIGSTOP else f"signal {how}"):
            await tasks[0]
        server.release()
        assert await tasks[1]
        assert all(await asyncio.gather(*(stream(provider) for _ in range(4))))
        assert {worker.process.pid for worker in provider._workers.values()} > {second} != {first, second}

    run(Script(default=Act(silent=True)), work, workers=2, timeouts=HURRIED)


def test_all_workers_may_die_between_two_replies() -> None:
    async def work(provider: WorkersProvider, _: FaultyServer, __: Target) -> None:
        for _round in range(3):
            assert await stream(provider)
            workers = list(provider._workers.values())
            for worker in workers:
                os.kill(worker.process.pid, signal.SIGKILL)
                await worker.process.over.wait()
            assert await provider.models() == ["test-model"]

    run(Script(), work, workers=2)


async def asked_again_and_again(provider: WorkersProvider) -> None:
    while True:
        with suppress(errors.ProcessLost):
            await stream(provider)


def test_workers_that_cannot_live_end_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine has no memory for them any more, say: they end as soon as they begin."""

    async def work(provider: WorkersProvider, _: FaultyServer, __: Target) -> None:
        assert await stream(provider)
        (tmp_path / "persona_batch").mkdir()  # found first by the processes to come, and empty
        (tmp_path / "persona_batch" / "__init__.py").write_text("")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        os.kill(pid_of(provider), signal.SIGKILL)
        with pytest.raises(errors.StoppedEarly, match=r"as soon as they begin .*fewer --workers"):
            await asked_again_and_again(provider)

    run(Script(), work, workers=1)


def test_the_key_is_seen_neither_in_the_process_list_nor_in_the_environment() -> None:
    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        assert await stream(provider)
        for file in ("cmdline", "environ"):
            seen = Path(f"/proc/{pid_of(provider)}/{file}").read_bytes()  # noqa: ASYNC240  # no disk behind it
            assert KEY.encode() not in seen

    run(Script(api_key=KEY), work)


def test_workers_end_with_the_run() -> None:
    pids: list[int] = []

    async def work(provider: WorkersProvider, server: FaultyServer, _: Target) -> None:
        assert await stream(provider)
        pids.append(pid_of(provider))

    run(Script(), work)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
