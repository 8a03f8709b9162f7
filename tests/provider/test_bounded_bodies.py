"""What is read whole is bounded: error bodies, redirects' bodies and lists of models that never end."""

import asyncio
import gzip
import itertools
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from persona_batch.config.batch import RunSettings
from persona_batch.errors import AuthRefused, MalformedReply, ProviderError, RateLimited, ServerFailed, TimedOut
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import ask, talk
from provider.raw_server import RawServer, answering
from servers.act import Act, Script
from servers.faulty import FaultyServer

T = TypeVar("T")
MEGABYTE = 1 << 20


class Endless:
    """A head, and a body without end; `written` counts the bytes of it."""

    def __init__(self, status: str, body: Callable[[], Iterable[bytes]], *headers: str) -> None:
        self.head = "\r\n".join((f"HTTP/1.1 {status}", *headers, "Connection: close", "", "")).encode()
        self.body = body
        self.written = 0

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        for piece in self.body():
            self.written += len(piece)
            yield piece


def plain() -> Iterable[bytes]:
    return itertools.repeat(b"the server has a great deal to say. " * 2000)


def packed(wbits: int) -> Callable[[], Iterable[bytes]]:
    """Return bodies that unpack to a thousand times their size, without end."""

    def body() -> Iterator[bytes]:
        packer = zlib.compressobj(9, wbits=wbits)
        while True:
            yield packer.compress(b"no " * MEGABYTE)

    return body


def packed_and_then_some() -> Iterator[bytes]:
    """Yield a small gzip file, and bytes behind its end, which no decoder turns into anything."""
    yield gzip.compress(b"overloaded")
    yield from plain()


def at(url: str, work: Callable[[OpenAIProvider], Awaitable[T]], timeouts: Timeouts | None = None) -> Awaitable[T]:
    async def run() -> T:
        async with OpenAIProvider(resolve(RunSettings(base_url=url), {}), concurrency=2, timeouts=timeouts) as provider:
            return await work(provider)

    return run()


def failure(answer: Iterable[bytes], work: Callable[[OpenAIProvider], Awaitable[object]]) -> ProviderError:
    """Return how a request to such a server fails; it must not take memory."""

    async def run() -> None:
        async with answering(answer) as server:
            await at(server.url, work)

    tracemalloc.start()
    try:
        with pytest.raises(ProviderError) as caught:
            asyncio.run(run())
        assert tracemalloc.get_traced_memory()[1] < 64 * MEGABYTE
    finally:
        tracemalloc.stop()
    return caught.value


BODIES = {
    "plain": (plain, ()),
    "gzip": (packed(31), ("Content-Encoding: gzip",)),
    "deflate": (packed(15), ("Content-Encoding: deflate",)),
    "gzip twice": (packed(31), ("Content-Encoding: gzip, gzip",)),
    "behind the end": (packed_and_then_some, ("Content-Encoding: gzip",)),
    "a length that is too long": (plain, ("Content-Length: 99999999999",)),
}


@pytest.mark.parametrize(("body", "headers"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(
    ("status", "kind"), [("500 Oh", ServerFailed), ("401 No", AuthRefused), ("429 Slow", RateLimited)]
)
def test_an_error_without_end_is_known_by_its_status(
    body: Callable[[], Iterable[bytes]], headers: tuple[str, ...], status: str, kind: type[ProviderError]
) -> None:
    answer = Endless(status, body, *headers)
    error = failure(answer, ask)
    assert type(error) is kind
    assert len(error.message) < 1000
    assert answer.written < 32 * MEGABYTE  # what the sockets between us took, and no more


@pytest.mark.parametrize(("body", "headers"), BODIES.values(), ids=BODIES)
def test_a_list_of_models_without_end_is_no_list(body: Callable[[], Iterable[bytes]], headers: tuple[str, ...]) -> None:
    error = failure(Endless("200 OK", body, *headers), lambda provider: provider.models())
    assert isinstance(error, MalformedReply)


def test_a_long_list_of_models_is_read() -> None:
    names = [f"vendor/model-{number}" for number in range(20_000)]
    assert talk(Script(models=names), lambda provider, _: provider.models()) == names


@asynccontextmanager
async def redirecting(to: str, body: Iterable[bytes]) -> AsyncIterator[RawServer]:
    async with answering(Endless("307 There", lambda: body, f"Location: {to}/chat/completions")) as server:
        yield server


@pytest.mark.parametrize("body", [plain(), [b"see there", b" "]], ids=["endless", "short and never closed"])
def test_the_body_of_a_redirect_is_not_waited_for(body: Iterable[bytes]) -> None:
    async def run() -> None:
        async with FaultyServer() as server, redirecting(server.base_url, body) as first:
            assert (await at(first.url, ask)).finish_reason == "stop"

    asyncio.run(run())


def test_an_endless_error_after_a_redirect_and_after_a_reply_is_bounded() -> None:
    async def run() -> None:
        answer = Endless("503 Busy", plain)
        async with answering(answer) as last, redirecting(last.url, [b""]) as first:
            with pytest.raises(ServerFailed):
                await at(first.url, ask)
        assert answer.written < 32 * MEGABYTE

    asyncio.run(run())


@pytest.mark.parametrize("proxied", [False, True])
def test_later_requests_and_proxied_ones_are_bounded_too(*, proxied: bool) -> None:
    long = Act(status=502, body="x" * (30 * MEGABYTE))

    async def work(provider: OpenAIProvider, server: FaultyServer) -> None:
        await ask(provider)  # the first is sent by the SDK, later ones like it
        for _ in range(2):
            with pytest.raises(ServerFailed, match="HTTP 502: xxx"):
                await ask(provider)
        assert (await ask(provider)).finish_reason == "stop"

    talk(Script(acts=[Act(), long, long]), work, proxied=proxied)


@pytest.mark.parametrize("act", [{"cut_after": 20}, {"reset_after": 20}], ids=["cut", "reset"])
def test_an_error_that_breaks_off_is_still_that_error(act: dict[str, int]) -> None:
    body = '{"error": {"message": "the key has expired", "code": "expired"}}'
    with pytest.raises(AuthRefused, match="HTTP 401") as caught:
        talk(Script(default=Act(status=401, body=body, **act)), lambda provider, _: ask(provider))  # type: ignore[arg-type]
    assert caught.value.http_status == 401


def test_an_error_that_drips_ends_by_the_time_out() -> None:
    drips = Act(status=500, pieces=["drip "] * 10_000, pause=0.05)
    with pytest.raises(TimedOut):
        talk(
            Script(default=drips),
            lambda provider, _: ask(provider),
            timeouts=Timeouts(first_token=0.3, gap=0.3, total=0.5),
        )
