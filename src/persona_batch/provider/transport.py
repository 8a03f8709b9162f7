"""An httpx2 transport for many streams at once, straight to the endpoint.

The openai SDK runs on it as on its own transports (`http_client=httpx2.AsyncClient(transport=DirectTransport(…))`),
at a fraction of their cost per chunk, and it tells when a request was really written and a chunk really arrived
(docs/performance.md has the measurements). TLS is Python's. It knows no proxies, no HTTP/2 and no read time-out: where
a proxy is to be used take the SDK's transport, and watch silence from above.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, TypeAlias

import httpx2

from persona_batch.provider.http1 import Connection
from persona_batch.provider.network import trusted

_STAGGER: Final = 0.25  # seconds until the next address of a host is tried beside the first (RFC 8305)
CONNECTION: Final = "persona_batch.connection"  # in a response's extensions

Origin: TypeAlias = tuple[str, str, int]


class _Body(httpx2.AsyncByteStream):
    """A response's body; closing it gives the connection back, or drops it if the body was not read to its end."""

    def __init__(self, connection: Connection, origin: Origin, pool: "DirectTransport") -> None:
        self._connection = connection
        self._origin = origin
        self._pool = pool
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self._connection.read():
            yield data

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._pool.take_back(self._connection, self._origin)


class DirectTransport(httpx2.AsyncBaseTransport):
    """Keeps connections to any number of origins, at most `limit` of them busy at a time.

    `tls` is what certificates are checked by; None: `network.trusted()`, once it is needed.
    `expiry` is how many seconds an idle connection is kept; servers commonly close theirs after 5.
    The extensions of a response hold its `Connection` under `CONNECTION`, for its stamps and for reading without
    detours; the response must be closed all the same.
    """

    def __init__(self, limit: int, *, tls: ssl.SSLContext | None = None, expiry: float = 4.0) -> None:
        self._expiry = expiry
        self._slots = asyncio.Semaphore(limit)
        self._idle: dict[Origin, list[Connection]] = {}
        self._ssl = tls

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return its response as soon as the headers are there.

        Raises:
            httpx2.TransportError: as its name says; OSError and ssl errors of connecting are its cause.
        """
        url = request.url
        origin = (url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80))
        timeouts = request.extensions.get("timeout", {})
        await self._enter(timeouts.get("pool"))
        connection = None
        try:
            connection = self._idle_to(origin) or await self._connect(origin, timeouts.get("connect"))
            connection.send(_head(request), await request.aread())  # of a redirected one it was not read yet
            await connection.wait_for_headers()
        except BaseException:
            if connection is not None:
                connection.abort()
            self._slots.release()
            raise
        return httpx2.Response(
            connection.status,
            headers=connection.headers,
            stream=_Body(connection, origin, self),
            extensions={
                "http_version": b"HTTP/1.1",
                "reason_phrase": connection.reason,
                CONNECTION: connection,
            },
        )

    def take_back(self, connection: Connection, origin: Origin) -> None:
        """Keep a connection for the next request, if its answer is over."""
        self._slots.release()
        if connection.reusable:
            self._idle.setdefault(origin, []).append(connection)
        else:
            connection.abort()

    async def aclose(self) -> None:
        """Close all connections that are not in use."""
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()

    async def _enter(self, within: float | None) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(within):
                await self._slots.acquire()
        except TimeoutError:
            raise httpx2.PoolTimeout(f"no free connection within {within} s") from None

    def _idle_to(self, origin: Origin) -> Connection | None:
        """Return the connection that was used last, if it is fresh and its other end has not closed it."""
        connections = self._idle.get(origin)
        oldest = asyncio.get_running_loop().time() - self._expiry
        while connections:
            connection = connections.pop()
            if connection.closed:
                continue
            if connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: Origin, within: float | None) -> Connection:
        scheme, host, port = origin
        if scheme not in {"http", "https"} or not host:
            raise httpx2.UnsupportedProtocol(f"neither http nor https: {scheme}")
        loop = asyncio.get_running_loop()
        if scheme == "https" and self._ssl is None:
            self._ssl = trusted()
        try:
            async with asyncio.timeout(within):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop),
                    host,
                    port,
                    ssl=self._ssl if scheme == "https" else None,
                    happy_eyeballs_delay=None if _is_address(host) else _STAGGER,
                )
        except TimeoutError as error:
            raise httpx2.ConnectTimeout(f"no connection to {host}:{port} within {within} s") from error
        except (OSError, ssl.SSLError, ssl.CertificateError, UnicodeError) as error:
            raise httpx2.ConnectError(str(error)) from error
        return connection

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close."""
        await self.aclose()


def _is_address(host: str) -> bool:
    """Say whether a host is an address: there is no other, and a race for one leaks its socket when it is cancelled."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _head(request: httpx2.Request) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%b: %b" % (name, value) for name, value in request.headers.raw]
    return b"\r\n".join(lines) + b"\r\n\r\n"
