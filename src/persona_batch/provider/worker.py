"""A worker process of `workers.WorkersProvider`: asks the endpoint what it is told to, and hands the chunks on.

    python -m persona_batch.provider.worker        (its standard input is a socket to the run)
    python -m persona_batch.provider.worker PORT   (it calls the run there, and says the word from its standard input)

It gives signs of life on its standard output. It has no limits, no retries and no files of its own, and it ends when
the run does, however that ends.
"""

import asyncio
import socket
import sys

from persona_batch.errors import ProviderError
from persona_batch.provider import frames
from persona_batch.provider.base import Chunk, Request, StreamInfo
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.provider.process import keep_giving_signs_of_life
from persona_batch.provider.secret import Secret
from persona_batch.provider.target import Target

_MANY = 512  # chunks that are held back at most


class Worker:
    """Serves one run."""

    def __init__(self) -> None:
        self._orders: asyncio.Queue[frames.ToWorker | None] = asyncio.Queue()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self, run: socket.socket) -> None:
        """Take orders until the run closes the socket."""
        loop = asyncio.get_running_loop()
        signs = asyncio.create_task(keep_giving_signs_of_life())
        _, self._stream = await loop.create_connection(
            lambda: frames.FrameStream(
                lambda frame: self._orders.put_nowait(frames.decode_to_worker(frame)),
                lambda: self._orders.put_nowait(None),
            ),
            sock=run,
        )
        setup = await self._orders.get()
        if not isinstance(setup, frames.Setup):
            return
        self._live = setup.live
        async with OpenAIProvider(
            _target(setup), concurrency=setup.concurrency, timeouts=setup.timeouts
        ) as self._provider:
            while (order := await self._orders.get()) is not None:
                self._take(order)
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        signs.cancel()

    def _take(self, order: frames.ToWorker) -> None:
        if isinstance(order, frames.Drop):
            if order.id in self._tasks:
                self._tasks[order.id].cancel()
        elif not isinstance(order, frames.Setup):
            work = self._answer(order) if isinstance(order, frames.Ask) else self._list_models(order)
            task = asyncio.create_task(work)
            self._tasks[order.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(order.id))

    async def _answer(self, ask: frames.Ask) -> None:
        info = StreamInfo()
        try:
            await self._hand_on(ask, info)
        except ProviderError as error:
            self._fail(ask.id, error, info)
        else:
            self._stream.send(frames.Ended(ask.id, _told(info)))

    async def _hand_on(self, ask: frames.Ask, info: StreamInfo) -> None:
        """Send the first text at once, and the rest together unless somebody watches."""
        held: list[Chunk] = []
        spoke = False
        at_ns = last_ns = 0
        try:
            async for burst in self._provider.stream(Request(ask.model, ask.messages, ask.params), info):
                held += burst.chunks
                at_ns, last_ns = burst.at_ns, burst.last_ns
                if not spoke or self._live or len(held) >= _MANY:
                    spoke = spoke or any(chunk.content or chunk.reasoning for chunk in held)
                    self._stream.send(frames.Got(ask.id, at_ns, held, last_ns))
                    held = []
        finally:
            if held:
                self._stream.send(frames.Got(ask.id, at_ns, held, last_ns))

    async def _list_models(self, order: frames.ListModels) -> None:
        try:
            self._stream.send(frames.Models(order.id, await self._provider.listed()))
        except ProviderError as error:
            self._fail(order.id, error, None)

    def _fail(self, number: int, error: ProviderError, info: StreamInfo | None) -> None:
        self._stream.send(
            frames.Failed(
                number,
                None if info is None else _told(info),
                error.kind,
                error.message,
                error.http_status,
                error.code,
                error.retry_after,
                error.request_id,
            )
        )


def _told(info: StreamInfo) -> frames.Told:
    messages = None if info.messages is None else list(info.messages)
    return frames.Told(info.sent_ns, info.request_id, info.headers, messages)


def _target(setup: frames.Setup) -> Target:
    return Target(
        preset=setup.preset,
        base_url=setup.base_url,
        identity=setup.identity,
        api_key=None if setup.api_key is None else Secret(setup.api_key),
        api_key_header=setup.api_key_header,
        extra_body=setup.extra_body,
        extra_headers=setup.extra_headers,
        header_secrets=tuple(map(Secret, setup.header_secrets)),
        ambient=setup.ambient,
    )


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
