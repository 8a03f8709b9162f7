"""A worker process of `workers.WorkersProvider`: asks the endpoint what it is told to, and hands the chunks on.

    python -m persona_batch.provider.worker        (its standard input is a socket to the run)
    python -m persona_batch.provider.worker PORT   (it calls the run there, and says the word from its standard input)

The two talk in length-prefixed MessagePack over the socket. The worker gives signs of life on its standard output. It
has no limits, no retries and no files of its own, and it ends when the run does, however that ends.
"""

import asyncio
import os
import pickle
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, TypeAlias

import msgspec

from persona_batch.errors import ProviderError
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo, Timeouts
from persona_batch.provider.process import keep_giving_signs_of_life

_MANY = 512  # chunks that are held back at most
_LENGTH: Final = struct.Struct(">I")


class Setup(msgspec.Struct, tag=True):
    """The first frame: which endpoint; `live`: hand on each burst as it comes.

    `target` is pickled, and so has no keys: their values, by variable, are in `keys`.
    """

    target: bytes
    keys: dict[str, str]
    concurrency: int
    timeouts: Timeouts
    live: bool


class Ask(msgspec.Struct, tag=True):
    """Stream one reply of the replica with this number."""

    id: int
    request: Request
    replica: int = 0


class Drop(msgspec.Struct, tag=True):
    """Nobody waits for this reply any more."""

    id: int


class ListModels(msgspec.Struct, tag=True):
    """Ask a replica for its models."""

    id: int
    replica: int = 0


class Got(msgspec.Struct, tag=True):
    """A part of a reply."""

    id: int
    burst: Burst


class Models(msgspec.Struct, tag=True):
    """The endpoint's models."""

    id: int
    names: list[str]


class Ended(msgspec.Struct, tag=True):
    """The reply is whole."""

    id: int
    info: StreamInfo


class Failed(msgspec.Struct, tag=True):
    """The request failed; `error` is the pickled `ProviderError`, `info` what was known of a reply until then."""

    id: int
    error: bytes
    info: StreamInfo | None = None


ToWorker: TypeAlias = Setup | Ask | Drop | ListModels
FromWorker: TypeAlias = Got | Ended | Failed | Models

encode = msgspec.msgpack.Encoder().encode
decode_to_worker = msgspec.msgpack.Decoder(ToWorker).decode
decode_from_worker = msgspec.msgpack.Decoder(FromWorker).decode


class FrameStream(asyncio.Protocol):
    """Cuts what comes into frames and hands each to `on_frame`; `lost` is set when the other end is gone."""

    def __init__(self, on_frame: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def send(self, frame: ToWorker | FromWorker) -> None:
        """Write a frame; does nothing when the other end is gone."""
        if self._transport is not None:
            payload = encode(frame)
            self._transport.write(_LENGTH.pack(len(payload)) + payload)

    def close(self) -> None:
        """Close once everything is written."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            self._on_frame(bytes(self._buffer[start + _LENGTH.size : end]))
            start = end
        del self._buffer[:start]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # however it was lost
        """See `asyncio.BaseProtocol`."""
        self._transport = None
        self._on_lost()


class Worker:
    """Serves one run."""

    def __init__(self) -> None:
        self._orders: asyncio.Queue[ToWorker | None] = asyncio.Queue()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self, run: socket.socket) -> None:
        """Take orders until the run closes the socket."""
        loop = asyncio.get_running_loop()
        signs = asyncio.create_task(keep_giving_signs_of_life())
        _, self._stream = await loop.create_connection(
            lambda: FrameStream(
                lambda frame: self._orders.put_nowait(decode_to_worker(frame)),
                lambda: self._orders.put_nowait(None),
            ),
            sock=run,
        )
        setup = await self._orders.get()
        if not isinstance(setup, Setup):
            return
        os.environ.update(setup.keys)  # for this process only: what others see of it was fixed when it began
        target = pickle.loads(setup.target)  # noqa: S301  # from who started this process
        from persona_batch.provider.openai import OpenAIProvider  # of no use to who only talks to a worker

        self._live = setup.live
        async with AsyncExitStack() as stack:
            each = [
                OpenAIProvider(one, concurrency=setup.concurrency, timeouts=setup.timeouts) for one in target.replicas
            ]
            self._replicas = [await stack.enter_async_context(one) for one in each]
            while (order := await self._orders.get()) is not None:
                self._take(order)
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        signs.cancel()

    def _take(self, order: ToWorker) -> None:
        if isinstance(order, Drop):
            if order.id in self._tasks:
                self._tasks[order.id].cancel()
        elif not isinstance(order, Setup):
            work = self._answer(order) if isinstance(order, Ask) else self._list_models(order)
            task = asyncio.create_task(work)
            self._tasks[order.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(order.id))

    async def _answer(self, ask: Ask) -> None:
        info = StreamInfo()
        try:
            await self._hand_on(ask, info)
        except ProviderError as error:
            self._stream.send(Failed(ask.id, pickle.dumps(error), info))
        else:
            self._stream.send(Ended(ask.id, info))

    async def _hand_on(self, ask: Ask, info: StreamInfo) -> None:
        """Send the first text at once, and the rest together unless somebody watches."""
        held: list[Chunk] = []
        spoke = False
        at_ns = last_ns = 0
        try:
            async for burst in self._replicas[ask.replica].stream(ask.request, info):
                held += burst.chunks
                at_ns, last_ns = burst.at_ns, burst.last_ns
                if not spoke or self._live or len(held) >= _MANY:
                    spoke = spoke or any(chunk.content or chunk.reasoning for chunk in held)
                    self._stream.send(Got(ask.id, Burst(at_ns, held, last_ns)))
                    held = []
        finally:
            if held:
                self._stream.send(Got(ask.id, Burst(at_ns, held, last_ns)))

    async def _list_models(self, order: ListModels) -> None:
        try:
            self._stream.send(Models(order.id, await self._replicas[order.replica].listed()))
        except ProviderError as error:
            self._stream.send(Failed(order.id, pickle.dumps(error)))


def main() -> None:
    """Serve the run."""
    if len(sys.argv) > 1:
        run = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        run.sendall(sys.stdin.readline().strip().encode())
    else:
        run = socket.socket(fileno=0)
    asyncio.run(Worker().serve(run))


if __name__ == "__main__":
    main()
