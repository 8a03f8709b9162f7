"""A real HTTP/1.1 chat endpoint for tests, scriptable per request: see `act.Script` and `act.Act`.

In the test's own event loop:

    async with FaultyServer(Script(acts=[Act(status=429, headers={"Retry-After": "2"})])) as server:
        ... server.base_url ...      # http://127.0.0.1:PORT/v1
        server.chats                 # what was asked at /chat/completions: time, headers, body
        server.release()             # ends all stalls;  server.step()  lets one `stepped` piece go

Beside a test that runs real processes: `with serving(script) as server:` (the same, in a thread), or
`python -m servers.faulty --script script.json --log requests.jsonl` with PYTHONPATH=tests, which prints
`{"base_url": …}` and serves until its standard input is closed.
"""

import argparse
import asyncio
import contextlib
import json
import random
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from servers import completion
from servers.act import Act, Logged, Script, error_body


class FaultyServer:
    """The endpoint; `requests` is everything it was asked, in order of arrival."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        log: Path | None = None,
    ) -> None:
        self.script = script or Script()
        self.requests: list[Logged] = []
        self.port = port
        self.in_flight = 0
        self.most_in_flight = 0
        self.connections = 0
        self._tls = tls
        self._log = log
        self._acts = iter(self.script.acts)
        self._random = random.Random(self.script.seed)
        self._released = asyncio.Event()
        self._steps = asyncio.Semaphore(0)
        self._handlers: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.arrived = asyncio.Event()  # set when a first chat request came
        self.disconnected = asyncio.Event()  # set whenever a client left in the middle of an answer

    @property
    def base_url(self) -> str:
        """What a client is given; ends in /v1."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    @property
    def chats(self) -> list[Logged]:
        """The requests to /chat/completions."""
        return [request for request in self.requests if request.route.endswith("/chat/completions")]

    def release(self) -> None:
        """End all stalls, present and to come; callable from any thread."""
        self._call(self._released.set)

    def step(self, count: int = 1) -> None:
        """Let `count` more pieces of `stepped` answers go; callable from any thread."""
        for _ in range(count):
            self._call(self._steps.release)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    def _call(self, action: object) -> None:
        assert self._loop is not None
        assert callable(action)
        self._loop.call_soon_threadsafe(action)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        task.add_done_callback(self._handlers.discard)
        # The next head is awaited while a request is being answered: so a client that leaves is noticed.
        head = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    request = await _read(await head, reader)
                    head = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
                    if not await self._take(request, head, writer):
                        break
        finally:
            head.cancel()
            writer.close()  # before anything is awaited: the server may be closing, and cancel this too
            await asyncio.gather(head, return_exceptions=True)

    async def _take(self, request: Logged, following: asyncio.Task[bytes], writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False: the connection must not be used again."""
        chat = request.route.endswith("/chat/completions")
        self.in_flight += chat
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        request.in_flight = self.in_flight
        self.requests.append(request)
        if chat:
            self.arrived.set()
        act = self._choose(request, chat=chat)
        request.status = act.status
        answer = asyncio.create_task(self._answer(request, act, writer))
        try:
            await asyncio.wait({answer, following}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                self.disconnected.set()
                return False
            return answer.result() and request.headers.get("connection", "").lower() != "close"
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)
            self.in_flight -= chat
            request.ended = time.time()
            if self._log is not None:
                with self._log.open("ab") as file:
                    file.write(msgspec.json.encode(request) + b"\n")

    def _choose(self, request: Logged, *, chat: bool) -> Act:
        key = self.script.api_key
        if key is not None and request.headers.get("authorization") != f"Bearer {key}":
            return Act(status=401, body=error_body("Incorrect API key provided", code="invalid_api_key"))
        if request.route.endswith("/models"):
            if self.script.models_act is not None:
                return self.script.models_act
            if self.script.models is None:
                return Act(status=404, body="no such route")
            listed = [{"id": name, "object": "model"} for name in self.script.models]
            return Act(body=json.dumps({"object": "list", "data": listed}))
        if not chat:
            return self.script.routes.get(request.route.removeprefix("/v1")) or Act(status=404, body="no such route")
        act = next(self._acts, None)
        if act is not None:
            return act
        if (known := self._by_messages(request)) is not None:
            return known
        draw = self._random.random()
        for share in self.script.shares:
            draw -= share.share
            if draw < 0:
                return share.act
        return self.script.default

    def _by_messages(self, request: Logged) -> Act | None:
        """Return the act for requests with so many messages, or whose last one says something."""
        messages = request.body.get("messages") if isinstance(request.body, dict) else None
        if not isinstance(messages, list) or not messages:
            return None
        said = str(messages[-1].get("content"))
        by_words = (act for words, act in self.script.saying.items() if words in said)
        return self.script.lengths.get(len(messages)) or next(by_words, None)

    async def _answer(self, request: Logged, act: Act, writer: asyncio.StreamWriter) -> bool:
        """Send the answer; False: the connection must not be used again."""
        if act.latency:
            await asyncio.sleep(act.latency)
        if act.silent:
            await self._released.wait()
        if act.raw is not None:
            writer.write(act.raw.encode("latin-1"))
            await writer.drain()
            return False
        kind, body = completion.answer(request, act)
        framing = "length" if act.content_length is not None else act.framing
        head = {"Content-Type": kind, "X-Request-Id": f"req-{len(self.requests)}", **act.headers}
        if framing == "chunked":
            head["Transfer-Encoding"] = "chunked"
        elif framing == "length":
            total = sum(map(len, body))
            head["Content-Length"] = str(total if act.content_length is None else act.content_length)
        else:
            head["Connection"] = "close"
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"HTTP/1.1 {act.status} Scripted\r\n{lines}\r\n".encode())
        await writer.drain()
        if not await self._send(body, act, writer, chunked=framing == "chunked"):
            return False
        if framing == "chunked":
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return framing != "close" and act.content_length is None

    async def _send(self, body: list[bytes], act: Act, writer: asyncio.StreamWriter, *, chunked: bool) -> bool:
        stops = {act.cut_after, act.reset_after, act.stall_after} - {None}
        sent = 0
        for number, whole_piece in enumerate([*body, b""]):
            piece, rest = whole_piece, b""
            stop = next((s for s in stops if s is not None and sent <= s < sent + max(1, len(piece))), None)
            if stop is not None:
                piece, rest = piece[: stop - sent], piece[stop - sent :]
            if act.stepped and piece:
                await self._steps.acquire()
            if act.pause and number:
                await asyncio.sleep(act.pause)
            await _write(writer, piece, chunked=chunked)
            sent += len(piece)
            if stop is not None and stop == act.reset_after:
                _reset(writer)
                return False
            if stop is not None and stop == act.cut_after:
                return False
            if stop is not None and not self._released.is_set():
                await self._released.wait()
            await _write(writer, rest, chunked=chunked)
            sent += len(rest)
        return True


async def _write(writer: asyncio.StreamWriter, data: bytes, *, chunked: bool) -> None:
    if data:
        writer.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP reset instead of an orderly end."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read(head: bytes, reader: asyncio.StreamReader) -> Logged:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    data = await reader.readexactly(int(headers.get("content-length", "0")))
    try:
        body = json.loads(data) if data else None
    except ValueError:
        body = data.decode("utf-8", "replace")
    method, path, _ = first.split(" ", 2)
    return Logged(at=time.time(), method=method, path=path, headers=headers, body=body)


@contextlib.contextmanager
def serving(script: Script | None = None, *, log: Path | None = None) -> Iterator[FaultyServer]:
    """Run a server in a thread of its own, for tests that start real processes."""
    started: list[FaultyServer] = []
    ready, stop = threading.Event(), threading.Event()

    async def live() -> None:
        async with FaultyServer(script, log=log) as server:
            started.append(server)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="faulty", daemon=True)
    thread.start()
    assert ready.wait(10), "the test server did not start"
    try:
        yield started[0]
    finally:
        stop.set()
        thread.join(10)


def main() -> None:
    """Serve until standard input is closed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--script", type=Path)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--log", type=Path)
    chosen = options.parse_args()
    script = msgspec.json.decode(chosen.script.read_bytes(), type=Script) if chosen.script else None

    async def live() -> None:
        async with FaultyServer(script, port=chosen.port, log=chosen.log) as server:
            print(json.dumps({"base_url": server.base_url}), flush=True)  # noqa: T201  the parent reads it
            await asyncio.to_thread(sys.stdin.read)

    asyncio.run(live())


if __name__ == "__main__":
    main()
