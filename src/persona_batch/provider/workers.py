"""An endpoint asked by several processes, for when one core is the limit.

Sending, reading and decoding, which take most of the time, are done by the workers. The engine, and with it the
one limiter, the retries, the ledger and the one writer of records, stay in this process and see a provider like
any other: so results cannot depend on the number of workers.
"""

import asyncio
import itertools
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Final, Self

from persona_batch import errors
from persona_batch.errors import ProviderError
from persona_batch.provider import frames
from persona_batch.provider.base import Burst, Request, StreamInfo, Timeouts
from persona_batch.provider.target import ModelNames, Target

_LEAVE: Final = 5.0  # seconds for leaving by itself
_COMMAND: Final = (sys.executable, "-P", "-m", "persona_batch.provider.worker")


class _Worker:
    """One process, and who waits for what it sends."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Queue[frames.FromWorker | None]] = {}
        self.alive = True

    async def start(self, setup: frames.Setup) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # A session of its own: Ctrl-C is for the run, which ends its workers itself.
            self._process = await asyncio.create_subprocess_exec(
                *_COMMAND, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
            )
        loop = asyncio.get_running_loop()
        _, self.stream = await loop.create_connection(lambda: frames.FrameStream(self._deliver, self._lost), sock=ours)
        self.stream.send(setup)

    def _deliver(self, frame: bytes) -> None:
        message = frames.decode_from_worker(frame)
        queue = self.waiting.get(message.id)
        if queue is not None:  # else it was dropped meanwhile
            queue.put_nowait(message)

    def _lost(self) -> None:
        self.alive = False
        for queue in self.waiting.values():
            queue.put_nowait(None)

    async def stop(self) -> None:
        self.stream.close()
        try:
            async with asyncio.timeout(_LEAVE):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class WorkersProvider:
    """Spreads requests over worker processes.

    Args:
        target: where, and with which key.
        workers: how many processes.
        concurrency: the most requests at a time, over all of them.
        timeouts: for each request.
        live: hand on text as it comes; else only its beginning, and the rest at the end of the reply.
    """

    def __init__(
        self, target: Target, *, workers: int, concurrency: int, timeouts: Timeouts | None = None, live: bool = False
    ) -> None:
        self.name = target.name
        self.identity = target.identity
        self._setup = frames.Setup(
            preset=target.preset,
            base_url=target.base_url,
            identity=target.identity,
            api_key=None if target.api_key is None else target.api_key.reveal(),
            api_key_header=target.api_key_header,
            extra_body=target.extra_body,
            extra_headers=dict(target.extra_headers),
            header_secrets=[secret.reveal() for secret in target.header_secrets],
            ambient=target.ambient,
            concurrency=concurrency,
            timeouts=timeouts or Timeouts(),
            live=live,
        )
        self._names = ModelNames(target.redactor)
        self._numbers = itertools.count()
        self._workers = [_Worker() for _ in range(workers)]

    async def __aenter__(self) -> Self:
        for worker in self._workers:
            await worker.start(self._setup)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def models(self) -> list[str]:
        """Return the ids that the endpoint lists, fit to be shown; see `base.Provider`."""
        async for message in self._exchange(frames.ListModels(next(self._numbers))):
            if isinstance(message, frames.Models):
                return self._names.shown(message.names)
            if isinstance(message, frames.Failed):
                raise _error(message)
        raise AssertionError("a worker's answer ends with its models or a failure")

    async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
        """Stream one reply; see `base.Provider`."""
        ask = frames.Ask(next(self._numbers), self._names.own(request.model), list(request.messages), request.params)
        async for message in self._exchange(ask):
            if isinstance(message, frames.Got):
                yield Burst(message.at_ns, message.chunks, message.last_ns)
            elif isinstance(message, frames.Ended):
                _tell(info, message.told)
                return
            elif isinstance(message, frames.Failed):
                _tell(info, message.told)
                raise _error(message)

    async def _exchange(self, order: frames.Ask | frames.ListModels) -> AsyncGenerator[frames.FromWorker]:
        """Give an order to the worker that has least to do, and yield what it answers."""
        alive = [worker for worker in self._workers if worker.alive]
        if not alive:
            raise errors.ConnectionFailed("all worker processes have ended")
        worker = min(alive, key=lambda one: len(one.waiting))
        queue = worker.waiting[order.id] = asyncio.Queue()
        worker.stream.send(order)
        over = False
        try:
            while not over:
                message = await queue.get()
                if message is None:
                    over = True
                    raise errors.StreamCut("the worker process that was asking has ended")
                over = not isinstance(message, frames.Got)
                yield message
        finally:
            del worker.waiting[order.id]
            if not over:
                worker.stream.send(frames.Drop(order.id))


def _tell(info: StreamInfo, told: frames.Told | None) -> None:
    if told is not None:
        info.sent_ns, info.request_id = told.sent_ns, told.request_id
        info.headers, info.messages = told.headers, told.messages


def _kinds(of: type[ProviderError] = ProviderError) -> dict[str, type[ProviderError]]:
    kinds = {of.kind: of}
    for kind in of.__subclasses__():
        kinds |= _kinds(kind)
    return kinds


_KINDS: Final = _kinds()


def _error(failed: frames.Failed) -> ProviderError:
    return _KINDS[failed.kind](
        failed.message,
        http_status=failed.http_status,
        code=failed.code,
        retry_after=failed.retry_after,
        request_id=failed.request_id,
    )
