import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.provider.http1 import Connection
from persona_batch.provider.transport import CONNECTION, DirectTransport
from provider.raw_server import answering

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = b"x" * (6 * 1024 * 1024)


def run(work: Callable[[httpx2.AsyncClient, DirectTransport], Awaitable[None]], *, limit: int = 4) -> None:
    """Run `work` with a client on the transport, then close both."""

    async def main() -> None:
        transport = DirectTransport(limit)
        timeout = httpx2.Timeout(None, connect=2.0, pool=0.05)
        async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
            await work(client, transport)

    asyncio.run(main())


def fetch(*pieces: bytes, close: bool = False) -> bytes:
    """Return the body of an answer that comes in these pieces."""
    bodies: list[bytes] = []

    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        async with answering(pieces, close=close) as server:
            bodies.append((await client.get(server.url)).content)

    run(work)
    return bodies[0]


def test_a_chunked_body_is_read_whole() -> None:
    assert fetch(CHUNKED, b"5\r\ndata:", b"\r\n3\r\n ab\r\n0\r\n\r\n") == b"data: ab"


def test_a_body_with_a_length_is_read_whole() -> None:
    assert fetch(HEAD + b"Content-Length: 4\r\n\r\n", b"ab", b"cd") == b"abcd"


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    assert fetch(HEAD + b"\r\n", b"ab", b"cd", close=True) == b"abcd"


def test_an_interim_answer_is_passed_over() -> None:
    assert fetch(b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"Content-Length: 2\r\n\r\nok") == b"ok"


def test_a_body_larger_than_what_is_buffered_is_read_whole() -> None:
    assert fetch(HEAD + b"Content-Length: %d\r\n\r\n" % len(LONG), LONG) == LONG


def test_connections_are_used_again() -> None:
    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        async with answering([HEAD + b"Content-Length: 2\r\n\r\nok"]) as server:
            for _turn in range(5):
                assert (await client.get(server.url)).text == "ok"
            assert (server.connections, len(server.requests)) == (1, 5)

    run(work)


def test_an_idle_connection_that_is_too_old_is_not_used_again() -> None:
    async def main() -> None:
        async with (
            answering([HEAD + b"Content-Length: 2\r\n\r\nok"]) as server,
            httpx2.AsyncClient(transport=DirectTransport(2, expiry=-1.0), trust_env=False) as client,
        ):
            await client.get(server.url)
            await client.get(server.url)
            assert server.connections == 2

    asyncio.run(main())


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\nok"],
        [HEAD + b"Content-Length: 2\r\n\r\nok", b"HTTP/1.1"],
    ],
    ids=["the endpoint says close", "more bytes follow"],
)
def test_a_connection_that_is_not_clean_is_not_used_again(pieces: list[bytes]) -> None:
    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        async with answering(pieces) as server:
            assert (await client.get(server.url)).text == "ok"
            await asyncio.wait_for(server.gone.wait(), 5)
            assert (await client.get(server.url)).text == "ok"
            assert server.connections == 2

    run(work)


def test_a_reply_left_in_the_middle_closes_its_connection_and_frees_its_place() -> None:
    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        async with answering([CHUNKED, b"1\r\na\r\n"]) as server:
            for _turn in range(2):
                async with client.stream("GET", server.url) as response:
                    assert await anext(response.aiter_raw()) == b"a"
            await asyncio.wait_for(server.gone.wait(), 5)

    run(work, limit=1)


def test_a_cancelled_request_frees_its_place() -> None:
    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        async with answering([]) as server:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get(server.url), 0.05)
            await asyncio.wait_for(server.gone.wait(), 5)
        async with answering([HEAD + b"Content-Length: 2\r\n\r\nok"]) as server:
            assert (await client.get(server.url)).text == "ok"

    run(work, limit=1)


def test_no_more_connections_are_busy_than_the_limit() -> None:
    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        async with answering([CHUNKED]) as server, client.stream("GET", server.url):
            with pytest.raises(httpx2.PoolTimeout):
                await client.get(server.url)

    run(work, limit=1)


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([], httpx2.ReadError),
        ([HEAD], httpx2.ReadError),
        ([CHUNKED, b"5\r\nab"], httpx2.ReadError),
        ([HEAD + b"Content-Length: 5\r\n\r\nab"], httpx2.ReadError),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], httpx2.RemoteProtocolError),
        ([CHUNKED, b"zz\r\n"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], httpx2.RemoteProtocolError),
        ([HEAD + b"X: " + b"y" * 400_000], httpx2.RemoteProtocolError),
    ],
    ids=["nothing", "half a head", "half a chunk", "half a body", "not HTTP", "no chunk", "upgrade", "endless head"],
)
def test_a_broken_answer_is_an_error_of_its_kind(pieces: list[bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        fetch(*pieces, close=True)


def test_a_refused_connection_is_a_connect_error_with_its_cause() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"

        async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
            with pytest.raises(httpx2.ConnectError) as caught:
                await client.get(url)
            assert isinstance(caught.value.__cause__, ConnectionRefusedError)

        run(work)


def test_a_handshake_that_never_ends_is_a_connect_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/v1"

        async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get(url, timeout=httpx2.Timeout(None, connect=0.05))

        run(work)


def test_other_schemes_are_refused() -> None:
    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        with pytest.raises(httpx2.UnsupportedProtocol):
            await client.get("ftp://127.0.0.1/")

    run(work)


def test_a_response_tells_when_it_was_asked_for_and_came() -> None:
    async def work(client: httpx2.AsyncClient, _: DirectTransport) -> None:
        async with answering([CHUNKED, b"1\r\na\r\n0\r\n\r\n"]) as server:
            before = time.perf_counter_ns()
            async with client.stream("GET", server.url) as response:
                await response.aread()
                connection = response.extensions[CONNECTION]
                assert before < connection.sent_ns < connection.arrived_ns < time.perf_counter_ns()

    run(work)


class Wire(asyncio.Transport):
    """A transport that takes everything and says nothing."""

    def write(self, data: object) -> None:
        """Take it."""

    def abort(self) -> None:
        """Do nothing."""


@given(
    body=st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=12),
)
def test_a_body_is_the_same_however_it_is_cut(body: list[bytes], cuts: list[int]) -> None:
    sent = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in body) + b"0\r\n\r\n"

    async def read() -> bytes:
        connection = Connection(asyncio.get_running_loop())
        connection.connection_made(Wire())
        connection.send(b"", b"")
        places = sorted({min(cut, len(sent)) for cut in cuts} | {0, len(sent)})
        for start, stop in pairwise(places):
            connection.data_received(sent[start:stop])
        await connection.wait_for_headers()
        got = b""
        while part := await connection.read():
            got += part
        assert connection.reusable
        return got

    assert asyncio.run(read()) == b"".join(body)


def test_each_read_is_handed_on_by_itself_until_relaxed_then_together() -> None:
    async def work() -> None:
        connection = Connection(asyncio.get_running_loop())
        connection.connection_made(Wire())
        connection.send(b"", b"")
        connection.data_received(CHUNKED)
        for piece in (b"1\r\na\r\n", b"1\r\nb\r\n"):
            connection.data_received(piece)
        assert await connection.read() == b"a"
        first = connection.arrived_ns
        assert await connection.read() == b"b"
        assert first < connection.arrived_ns == connection.latest_ns
        connection.relax()
        reading = asyncio.create_task(connection.read())
        for piece in (b"1\r\nc\r\n", b"1\r\nd\r\n"):
            await asyncio.sleep(0)
            connection.data_received(piece)
        assert await reading == b"cd"
        assert first < connection.arrived_ns < connection.latest_ns
        connection.data_received(b"1\r\ne\r\n")
        connection.data_received(b"0\r\n\r\n")  # the end is not waited for
        reading = asyncio.create_task(connection.read())
        await asyncio.sleep(0)
        assert reading.done()
        assert (await reading, await connection.read()) == (b"e", b"")

    asyncio.run(work())
