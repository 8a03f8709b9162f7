"""RFC 9112's corners of an answer, on the wire: what a client has to take, and when a connection is used again."""

import asyncio
import socket
from collections.abc import Sequence

import httpx2
import pytest

from persona_batch.provider.transport import DirectTransport
from provider.raw_server import answering

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def twice(pieces: Sequence[bytes], *, close: bool = False) -> tuple[httpx2.Response, int]:
    """Ask twice, one after the other; return the first answer and how many connections that took."""

    async def main() -> tuple[httpx2.Response, int]:
        client = httpx2.AsyncClient(transport=DirectTransport(2), trust_env=False)
        async with client, answering(pieces, close=close) as server:
            first = await client.get(server.url)
            await asyncio.wait_for(client.get(server.url), 10)
            return first, server.connections

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "body", "connections"),
    [
        (CHUNKED + b'2;a;b="c;d"\r\nok\r\n0;last\r\n\r\n', b"ok", 1),
        (CHUNKED + b"2 \r\nok\r\n0\r\n\r\n", b"ok", 1),
        (CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n", b"ok", 1),
        (OK + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok", 1),
        (OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok", 2),
        (OK + b"Content-Length: 1\r\n\r\nok", b"o", 2),
        (OK + b"X-Long: one\r\n  two\r\n\tthree\r\nContent-Length: 2\r\n\r\nok", b"ok", 1),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok", 1),
        (b"\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok", 1),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"ok", 1),
        (OK + b"Connection: Close\r\nContent-Length: 2\r\n\r\nok", b"ok", 2),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", 2),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", 1),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", 1),
        (
            b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
            b"ok",
            1,
        ),
        (OK + b"Upgrade: h2c\r\nConnection: Upgrade, Keep-Alive\r\nContent-Length: 2\r\n\r\nok", b"ok", 1),
        (b"HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok", b"ok", 1),
    ],
    ids=[
        "chunk extensions",
        "space after a chunk's size",
        "trailers are no headers",
        "coding in capitals",
        "coding beside a length",
        "more than its length",
        "folded header",
        "bare line feeds",
        "empty line before",
        "no reason",
        "close",
        "HTTP/1.0",
        "204 has no body",
        "304 has no body",
        "interim answers",
        "upgrade offered",
        "status below 100",
    ],
)
def test_an_answer_is_read_and_its_connection_used_again_if_it_is_clean(
    answer: bytes, body: bytes, connections: int
) -> None:
    first, used = twice([answer])
    assert first.content == body
    assert used == connections
    assert "x-sum" not in first.headers


def test_a_folded_header_is_one_line() -> None:
    first, _ = twice([OK + b"X-Long: one\r\n  two\r\nContent-Length: 2\r\n\r\nok"])
    assert first.headers["x-long"].split() == ["one", "two"]


@pytest.mark.parametrize("coding", [b"identity", b"odd"])
def test_a_coding_that_is_not_chunked_ends_with_the_connection(coding: bytes) -> None:
    first, connections = twice([OK + b"Transfer-Encoding: " + coding + b"\r\n\r\n", b"ok"], close=True)
    assert (first.content, connections) == (b"ok", 2)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: -2\r\n",
        b"X : y\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(head: bytes) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        twice([OK + head + b"\r\nok"])


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_is_asked() -> None:
    async def main() -> None:
        hosts: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            hosts.append(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"host:")))
            writer.write(OK + b"Content-Length: 2\r\n\r\nok")
            await writer.drain()
            writer.close()

        try:
            server = await asyncio.start_server(serve, "::1", 0)
        except OSError:
            pytest.skip("no IPv6 loopback here")
        async with server, httpx2.AsyncClient(transport=DirectTransport(2), trust_env=False) as client:
            port = server.sockets[0].getsockname()[1]
            assert (await client.get(f"http://[::1]:{port}/v1")).text == "ok"
            assert hosts[0].lower() == f"host: [::1]:{port}".encode()

    asyncio.run(main())
