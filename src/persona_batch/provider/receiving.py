"""Reading a response as it comes: each read with its moment, and none awaited for longer than its time-out.

`asyncio.timeout` would arm and disarm a timer for every network read. A `Deadline` has one timer for a stream, which
looks, when it fires, how long the present wait has lasted, and moves on. It acts only while the stream waits for the
network, never while the consumer works on what it was given.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2

from persona_batch.provider.contract import Timeouts
from persona_batch.provider.http1 import Connection
from persona_batch.provider.transport import CONNECTION
from persona_batch.provider.wait_watch import WaitWatch


class Incoming:
    """Reads straight from our own connection where there is one, else through httpx2, unpacked if need be.

    The stamps are on the clock of `time.perf_counter_ns`: `sent_ns` when the request was written (0: not known),
    `arrived_ns` and `latest_ns` when the first and the last byte of the last read came. Close the response after use.
    """

    __slots__ = ("_connection", "_reads", "arrived_ns", "latest_ns", "sent_ns")

    def __init__(self, response: httpx2.Response) -> None:
        connection = response.extensions.get(CONNECTION)
        plain = response.headers.get("content-encoding", "identity") == "identity"
        self._connection: Connection | None = connection if plain else None
        self._reads: AsyncIterator[bytes] = response.aiter_raw() if plain else response.aiter_bytes()
        self.sent_ns: int = 0 if connection is None else connection.sent_ns
        self.arrived_ns = self.latest_ns = 0

    async def read(self) -> bytes:
        """Return what has come; b"" at the end."""
        connection = self._connection
        if connection is not None:
            data = await connection.read()
            self.arrived_ns, self.latest_ns = connection.arrived_ns, connection.latest_ns
            return data
        data = await anext(self._reads, b"")
        self.arrived_ns = self.latest_ns = time.perf_counter_ns()
        return data

    def relax(self) -> None:
        """Say that the moment of each read does not matter any more: what comes may be handed on in larger parts."""
        if self._connection is not None:
            self._connection.relax()

    async def drain(self, seconds: float) -> None:
        """Read to the end, if it comes within `seconds`, so that the connection can be used again.

        Raises:
            TimeoutError: it does not; and what reading raises.
        """
        if self._connection is not None and self._connection.reusable:
            return
        async with asyncio.timeout(seconds):
            while await self.read():
                pass


class Deadline(WaitWatch):
    """Watches one stream; use as a context manager around each wait for the network.

    A wait that lasts too long ends in `TimedOut`, whose message says which limit it was.
    """

    __slots__ = ("_end", "_speaks", "_start", "_times")

    def __init__(self, times: Timeouts) -> None:
        super().__init__()
        self._times = times
        self._start = self._since
        self._speaks = False  # the first event came
        self._end: float | None = None  # nothing of the reply can be missing any more
        self._handle = self._loop.call_at(self._due()[0], self._check)

    def _due(self) -> tuple[float, str]:
        """Return the moment of the next limit and what to say when it has passed."""
        times = self._times
        if self._speaks:
            next_one = self._since + times.gap, f"nothing more came for {times.gap:g} s in the middle of the reply"
        else:
            next_one = self._start + times.first_token, f"no first token within {times.first_token:g} s"
        if self._end is not None:
            next_one = min(next_one, (self._end, f"the stream went on for {times.ending:g} s after its finish reason"))
        return min(next_one, (self._start + times.total, f"the reply was not whole after {times.total:g} s"))

    def _check(self) -> None:
        due, words = self._due()
        if self._task is None or self._loop.time() < due:
            self._handle = self._loop.call_at(max(due, self._loop.time() + 0.05), self._check)
            return
        self._cut(words)

    def spoke(self) -> None:
        """Say that the reply has begun: from now on the gap between reads counts."""
        if not self._speaks:
            self._speaks = True
            if self._handle is not None:
                self._handle.cancel()
                self._handle = self._loop.call_at(self._due()[0], self._check)

    def ends(self) -> None:
        """Say that the reply is complete: what may still follow has a few seconds."""
        if self._end is None:
            self._end = self._loop.time() + self._times.ending
            if self._handle is not None:
                self._handle.cancel()
                self._handle = self._loop.call_at(self._due()[0], self._check)
