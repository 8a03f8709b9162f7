"""One HTTP/1.1 connection for streamed replies: a protocol that stamps what comes at the moment it is read.

The parser is llhttp, by httptools. What the endpoint sent in many small HTTP chunks costs one wake-up per network
read, and one join. After `relax`, when nothing hangs on the moment any more, it costs one per 40 ms: of hundreds of
streams that bring a token every few milliseconds, the waking up would take most of the time.
"""

import asyncio
import time
from collections import deque
from typing import Final

import httptools
import httpx2

_HIGH_WATER: Final = 4 * 1024 * 1024  # bytes unread; beyond, the endpoint has to wait
_LARGEST_HEAD: Final = 256 * 1024  # bytes before the end of the headers
_PATIENCE: Final = 0.04  # seconds that a relaxed connection collects what comes
_ENOUGH: Final = 64 * 1024  # bytes that end its patience


class Connection(asyncio.Protocol):
    """Sends one request at a time and reads its answer.

    Attributes:
        sent_ns: when the request was written (`time.perf_counter_ns`).
        arrived_ns, latest_ns: when the first and the last of the bytes that `read` returned last came.
        idle_since: when the last answer ended, on the loop's clock.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.sent_ns = self.arrived_ns = self.latest_ns = 0
        self.idle_since = 0.0
        self.closed = False
        self._loop = loop
        self._transport: asyncio.Transport
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._busy = False
        self._reset()

    def _reset(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.reason = b""
        self._head_size = 0
        self._has_headers = self._ended = False
        self._until_close = self._ambiguous = False
        self._parts: list[bytes] = []
        self.on_body = self._parts.append  # called by the parser for every HTTP chunk: nothing may be cheaper
        self._reads: deque[tuple[int, bytes]] = deque()  # each network read by itself, until relaxed
        self._size = 0  # bytes of the network since the last `read`
        self._relaxed = self._due = False
        self._first_ns = self._last_ns = 0
        self._parser = httptools.HttpResponseParser(self)
        # RFC 9112 sections 2.2, 5.2, 6.3 and 7.1: what a client should take although it must not be sent.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,  # values over several lines
            lenient_chunked_length=True,  # Transfer-Encoding beside Content-Length, which it overrides
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    @property
    def reusable(self) -> bool:
        """Whether the answer is over and another request may follow on this connection."""
        return self._ended and not self.closed and not self._busy

    @property
    def status(self) -> int:
        """The status code; known once `wait_for_headers` has returned."""
        return self._parser.get_status_code()

    def send(self, head: bytes, body: bytes) -> None:
        """Write a request."""
        self._reset()
        self._busy = True
        self.sent_ns = time.perf_counter_ns()
        self._transport.write(head + body)

    async def wait_for_headers(self) -> None:
        """Wait for the status line and the headers.

        Raises:
            httpx2.ReadError: the connection was lost.
            httpx2.RemoteProtocolError: what came is not HTTP.
        """
        while not self._has_headers:
            if self.closed:
                raise self._lost("before any answer")
            await self._wait()

    async def read(self) -> bytes:
        """Return what has come of the body since the last call, waiting if it is nothing; b"" at its end.

        Raises:
            httpx2.ReadError: the connection was lost in the middle.
            httpx2.RemoteProtocolError: what came is not HTTP.
        """
        while not self._reads:
            over = self._ended or self.closed
            if self._parts and (self._due or over):
                self._collect(self._first_ns)
            elif self._ended:
                return b""
            elif over:
                raise self._lost("in the middle of the answer")
            else:
                await self._wait()
        self.arrived_ns, data = self._reads.popleft()
        self.latest_ns = self._last_ns if self._relaxed else self.arrived_ns
        self._due = False
        if not self._reads:
            self._size = 0
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
        return data

    def relax(self) -> None:
        """From now on, until the end of this answer, hand on what comes in larger parts."""
        self._relaxed = True

    def _collect(self, at_ns: int) -> None:
        parts = self._parts
        self._reads.append((at_ns, parts[0] if len(parts) == 1 else b"".join(parts)))
        parts.clear()
        self._first_ns = 0

    def abort(self) -> None:
        """Close at once."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._transport.abort()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _hand_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = True
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _lost(self, when: str) -> Exception:
        if isinstance(self._failure, httptools.HttpParserError):
            return httpx2.RemoteProtocolError(f"not HTTP: {self._failure}")
        error = httpx2.ReadError(f"the connection was closed {when}")
        error.__cause__ = self._failure
        return error

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        now = time.perf_counter_ns()
        if not self._busy:  # nothing was asked
            self.abort()
            return
        self._parse(data)
        self._size += len(data)
        self._last_ns = now
        if self._parts:
            if not self._relaxed:
                self._collect(now)
            elif not self._first_ns:
                self._first_ns = now
        if self._size > _HIGH_WATER and not (self._paused or self.closed):
            self._paused = True
            self._transport.pause_reading()
        if self._relaxed and self._size < _ENOUGH and not (self._ended or self.closed):
            if self._timer is None:
                self._timer = self._loop.call_later(_PATIENCE, self._hand_on)
        else:
            self._hand_on()

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._give_up(error)
        except httptools.HttpParserUpgrade:
            self._give_up(httptools.HttpParserError("an upgrade that was not asked for"))
        if not self._has_headers:
            self._head_size += len(data)
            if self._head_size > _LARGEST_HEAD:
                self._give_up(httptools.HttpParserError(f"headers of more than {_LARGEST_HEAD} bytes"))

    def _give_up(self, error: Exception) -> None:
        self._failure = error
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self.closed = True
        if self._failure is None:
            self._failure = exc
        if self._has_headers and self._until_close and exc is None and self._failure is None:
            self._ended = True  # a body without a length ends with the connection
        self._hand_on()

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self._ended:
            raise httptools.HttpParserError("more than one answer")

    def on_status(self, reason: bytes) -> None:
        """Called by the parser."""
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        if not self._has_headers:  # else it is a trailer
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if 100 <= self.status < 200:
            return
        self._has_headers = True
        codings = b",".join(value for name, value in self.headers if name.lower() == b"transfer-encoding")
        length = any(name.lower() == b"content-length" for name, _ in self.headers)
        if codings:
            self._until_close = codings.rpartition(b",")[2].strip().lower() != b"chunked"
            self._ambiguous = length  # RFC 9112 section 6.1: an attempt at smuggling, perhaps
        else:
            self._until_close = not length

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if not self._has_headers:  # 100 Continue and the like
            self.headers = []
            self.reason = b""
            return
        self._ended = True
        self._busy = False
        self.idle_since = self._loop.time()
        if self._ambiguous or not self._parser.should_keep_alive():
            self._transport.close()
            self.closed = True
