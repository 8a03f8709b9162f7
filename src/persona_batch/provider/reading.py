"""The body of a response as it comes, read by read, with the moment each came."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import httpx2

from persona_batch.provider.http1 import Connection
from persona_batch.provider.translate import FOREIGN
from persona_batch.provider.transport import CONNECTION


class Body:
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
        """Read to the end, if it comes within `seconds`, so that the connection can be used again."""
        if self._connection is not None and self._connection.reusable:
            return
        with contextlib.suppress(*FOREIGN):
            async with asyncio.timeout(seconds):
                while await self.read():
                    pass
