"""A run is a guest in its caller's process: any thread may make it or stop it, and all is left as it was."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from persona_batch.config.load import Overrides
from persona_batch.errors import Interrupted
from persona_batch.pipeline.observer import Stopper
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.run import run_batch
from persona_batch.pipeline.sealing import Summary
from pipeline.workshop import WUKONG, Notes, Workshop
from servers.act import Act, Script
from servers.faulty import FaultyServer, serving


@pytest.mark.skipif(sys.platform == "win32", reason="the program looks at limits that Windows has not")
def test_a_process_with_handlers_of_its_own_keeps_them_all(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    with serving() as server:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.guest", file, server.base_url, str(workshop.out)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"runs": 2 * [["complete", 0, 12, 12, []]], "changed": []}


def options(workshop: Workshop, server: FaultyServer) -> RunOptions:
    file = workshop.write("wukong.yaml", WUKONG)
    return RunOptions(files=(file,), out=workshop.out, overrides=Overrides(base_url=server.base_url, concurrency=1))


async def from_a_thread(stop: Callable[[str], None]) -> None:
    await asyncio.to_thread(stop, "enough")


def test_a_run_that_is_stopped_before_it_begins_leaves_nothing(workshop: Workshop) -> None:
    async def stopped() -> None:
        async with FaultyServer() as server:
            stopper = Stopper()
            stopper.stop("enough")
            with pytest.raises(Interrupted, match="enough"):
                await run_batch(options(workshop, server), Notes(), stopper)
            assert server.requests == []

    asyncio.run(stopped())
    assert workshop.runs == []


def test_a_run_that_is_stopped_at_the_first_contact_ends_at_once(workshop: Workshop) -> None:
    async def stopped() -> None:
        contacted, left = asyncio.Event(), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            contacted.set()
            with suppress(ConnectionError):
                while await reader.read(1000):
                    pass
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            left.set()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            file, stopper = workshop.write("wukong.yaml", WUKONG), Stopper()
            asked = RunOptions(files=(file,), out=workshop.out, overrides=Overrides(base_url=url))
            run = asyncio.create_task(run_batch(asked, Notes(), stopper))
            await contacted.wait()
            await from_a_thread(stopper.stop)
            with pytest.raises(Interrupted, match="enough"):
                await run
            assert run.cancelling() == 0
            await left.wait()

    asyncio.run(stopped())
    assert workshop.runs == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_run_that_is_stopped_while_it_asks_is_sealed_and_can_go_on(workshop: Workshop, times: int) -> None:
    seen = Notes()

    async def stopped() -> Summary:
        async with FaultyServer(Script(default=Act(stall_after=100))) as server:
            stopper = Stopper()
            run = asyncio.create_task(run_batch(options(workshop, server), seen, stopper))
            await server.arrived.wait()
            for _ in range(times):
                await from_a_thread(stopper.stop)
            if times == 1:
                server.release()
            summary = await run
            stopper.stop("too late")
            return summary

    summary = asyncio.run(stopped())
    assert (summary.state, summary.exit_code, summary.message) == ("interrupted", 130, "enough")
    assert seen.notes == ["enough: what is running has a few seconds to finish; once more ends it"]
    assert summary.asked == len(workshop.records(summary)) == (1 if times == 1 else 0)


def test_a_cancelled_run_is_cancelled_and_not_interrupted(workshop: Workshop) -> None:
    async def cancelled() -> None:
        async with FaultyServer(Script(default=Act(stall_after=100))) as server:
            run = asyncio.create_task(run_batch(options(workshop, server), Notes()))
            await server.arrived.wait()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run

    asyncio.run(cancelled())
    assert len(workshop.runs) == 1
