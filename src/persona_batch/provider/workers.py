"""An endpoint asked by several processes, for when one core is the limit.

Sending, reading and decoding, which take most of the time, are done by the workers. The engine, and with it the
one limiter, the retries, the ledger and the one writer of records, stay in this process and see a provider like
any other: so results cannot depend on the number of workers. A worker that dies or hangs is replaced, and what it was
asking is asked again.
"""

import asyncio
import itertools
import pickle
import secrets
import socket
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Final, Self, TypeAlias

from persona_batch.errors import ProcessLost, StoppedEarly
from persona_batch.provider.contract import Burst, Request, Stream, StreamInfo, Timeouts
from persona_batch.provider.process import ChildProcess, silence_within
from persona_batch.provider.target import ModelNames, Target
from persona_batch.provider.worker import (
    Ask,
    Drop,
    Ended,
    Failed,
    FrameStream,
    FromWorker,
    Got,
    ListModels,
    Models,
    Setup,
    decode_from_worker,
)

_MODULE: Final = "persona_batch.provider.worker"
_LEAVE: Final = 5.0  # seconds for leaving by itself
_CALL: Final = 60.0  # seconds for starting and calling back
_IN_VAIN: Final = 3  # processes of a place


_Answer: TypeAlias = FromWorker | ProcessLost


class _Worker:
    """One process, and who waits for what it sends."""

    def __init__(self, silence: float) -> None:
        self.waiting: dict[int, asyncio.Queue[_Answer]] = {}
        self.process = ChildProcess(silence)
        self.answered = False
        self.lost = False  # its connection is gone, and so will it be

    async def start(self, setup: Setup) -> None:
        """Start the process.

        Raises:
            OSError: no process can be made, or it does not call back.
        """
        if hasattr(socket, "AF_UNIX"):
            ours, theirs = socket.socketpair()
            with theirs:
                await self.process.start(_MODULE, stdin=theirs.fileno())
        else:
            ours = await self._called_back()
        self.process.watch()
        loop = asyncio.get_running_loop()
        _, self.stream = await loop.create_connection(lambda: FrameStream(self._deliver, self._lost), sock=ours)
        self.stream.send(setup)

    async def _called_back(self) -> socket.socket:
        """Return the process's call, where it cannot be given a socket (Windows); by a word, it shows who it is."""
        loop = asyncio.get_running_loop()
        word = secrets.token_hex(16).encode()
        with socket.create_server(("127.0.0.1", 0)) as door:
            door.setblocking(False)
            await self.process.start(_MODULE, str(door.getsockname()[1]))
            self.process.tell(word + b"\n")
            async with asyncio.timeout(_CALL):
                while True:
                    caller, _ = await loop.sock_accept(door)
                    said = await loop.sock_recv(caller, len(word))
                    if secrets.compare_digest(said, word):
                        return caller
                    caller.close()

    def _deliver(self, frame: bytes) -> None:
        self.answered = True
        message = decode_from_worker(frame)
        queue = self.waiting.get(message.id)
        if queue is not None:  # else it was dropped meanwhile
            queue.put_nowait(message)

    def _lost(self) -> None:
        self.lost = True
        # should it hang while it ends, it is of no use to anybody
        asyncio.get_running_loop().call_later(_LEAVE, self.process.kill)

    async def stop(self) -> None:
        """Let it go, and see to it that it is gone."""
        self.stream.close()
        await self.process.stop(_LEAVE)


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
        self._setup = Setup(
            target=pickle.dumps(target),
            keys={name: key.reveal() for name, key in target.keys.items()},
            concurrency=concurrency,
            timeouts=timeouts or Timeouts(),
            live=live,
        )
        self._names = ModelNames(target.redactor)
        self._silence = silence_within(self._setup.timeouts)
        self._numbers = itertools.count()
        self._count = workers
        self._workers: dict[int, _Worker] = {}  # those at work, by their place
        self._in_vain = 0  # processes in a row that ended without any answer
        self._hopeless: str | None = None

    async def __aenter__(self) -> Self:
        self._changed = asyncio.Event()
        for place in range(self._count):
            await self._start(place)
        self._attending = [asyncio.create_task(self._attend(place)) for place in range(self._count)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._attending:
            task.cancel()
        await asyncio.gather(*self._attending, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))

    async def models(self, replica: int = 0) -> list[str]:
        """Return the ids that the endpoint lists, fit to be shown; see `contract.Provider`."""
        while True:
            with suppress(ProcessLost):
                return await self._models(replica)

    async def _models(self, replica: int) -> list[str]:
        async for message in self._exchange(ListModels(next(self._numbers), replica)):
            if isinstance(message, Models):
                return self._names.shown(message.names)
            if isinstance(message, Failed):
                raise pickle.loads(message.error)  # noqa: S301  # from a process of ours
        raise AssertionError("a worker's answer ends with its models or a failure")

    async def stream(self, request: Request, info: StreamInfo, replica: int = 0) -> AsyncGenerator[Burst]:
        """Stream one reply, of one of the endpoint's replicas by its number; see `contract.Provider`.

        Raises:
            ProcessLost: the worker is gone; asked again, another one takes the request.
            StoppedEarly: workers do not live any more.
        """
        ask = Ask(next(self._numbers), replace(request, model=self._names.own(request.model)), replica)
        async for message in self._exchange(ask):
            if isinstance(message, Got):
                yield message.burst
            elif isinstance(message, Ended):
                _tell(info, message.info)
                return
            elif isinstance(message, Failed):
                _tell(info, message.info)
                raise pickle.loads(message.error)  # noqa: S301  # from a process of ours

    async def _exchange(self, order: Ask | ListModels) -> AsyncGenerator[FromWorker]:
        """Give an order to the worker that has least to do, and yield what it answers."""
        while not (able := [worker for worker in self._workers.values() if not worker.lost]):
            if self._hopeless is not None:
                raise StoppedEarly(self._hopeless)
            self._changed.clear()
            await self._changed.wait()
        worker = min(able, key=lambda one: len(one.waiting))
        queue = worker.waiting[order.id] = asyncio.Queue()
        worker.stream.send(order)
        over = False
        try:
            while not over:
                message = await queue.get()
                over = not isinstance(message, Got)
                if isinstance(message, ProcessLost):
                    raise message
                yield message
        finally:
            del worker.waiting[order.id]
            if not over:
                worker.stream.send(Drop(order.id))

    async def _start(self, place: int) -> None:
        worker = _Worker(self._silence)
        await worker.start(self._setup)
        self._workers[place] = worker
        self._changed.set()

    async def _attend(self, place: int) -> None:
        """Replace the worker of one place whenever it is gone, until that is plainly in vain."""
        while True:
            worker = self._workers[place]
            await worker.process.over.wait()
            del self._workers[place]
            end = worker.process.end()
            self._in_vain = 0 if worker.answered else self._in_vain + 1
            for queue in worker.waiting.values():
                queue.put_nowait(ProcessLost(f"the worker process that was asking has ended ({end})"))
            await worker.stop()
            if self._in_vain >= _IN_VAIN * self._count:
                self._give_up(end)
                return
            try:
                await self._start(place)
            except OSError as error:
                self._give_up(error.strerror or "it did not start in time")
                return

    def _give_up(self, why: str) -> None:
        """Let the place be empty; the run goes on while other places are not."""
        self._hopeless = (
            f"the worker processes end as soon as they begin ({why}); is there enough memory? "
            "What is done is kept: go on by --resume with fewer --workers"
        )
        self._changed.set()


class ReplicaOfWorkers:
    """One replica of the endpoint that workers ask, by its number."""

    def __init__(self, workers: WorkersProvider, number: int) -> None:
        self._workers = workers
        self._number = number

    def stream(self, request: Request, info: StreamInfo) -> Stream:
        """Stream one reply; see `WorkersProvider.stream`."""
        return self._workers.stream(request, info, self._number)

    async def models(self) -> list[str]:
        """Return the ids that the replica lists; see `WorkersProvider.models`."""
        return await self._workers.models(self._number)


def _tell(info: StreamInfo, told: StreamInfo | None) -> None:
    if told is not None:
        info.sent_ns, info.request_id = told.sent_ns, told.request_id
        info.headers, info.messages = told.headers, told.messages
