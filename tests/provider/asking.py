"""Asking a provider in tests: one request, everything that came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from persona_batch.chat import Message, Params
from persona_batch.config.batch import RunSettings
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo, Timeouts
from persona_batch.provider.openai import OpenAIProvider
from servers.act import Act, Script
from servers.faulty import FaultyServer

T = TypeVar("T")
MESSAGES = (Message("system", "你是孙悟空"), Message("user", "你好"))
REPLY = "俺老孙来也！ A reply of some length, long enough for many chunks."


@dataclass
class Answer:
    """What one request brought."""

    bursts: list[Burst]
    info: StreamInfo = field(default_factory=StreamInfo)

    @property
    def chunks(self) -> list[Chunk]:
        return [chunk for burst in self.bursts for chunk in burst.chunks]

    @property
    def text(self) -> str:
        return "".join(chunk.content for chunk in self.chunks)

    @property
    def finish_reason(self) -> str | None:
        return next((chunk.finish_reason for chunk in self.chunks if chunk.finish_reason), None)


async def ask(provider: OpenAIProvider, *, model: str = "test-model", params: Params | None = None) -> Answer:
    """Stream one reply to its end."""
    answer = Answer([])
    async with aclosing(provider.stream(Request(model, MESSAGES, params or {}), answer.info)) as bursts:
        async for burst in bursts:
            answer.bursts.append(burst)
    return answer


def talk(
    script: Script,
    conversation: Callable[[OpenAIProvider, FaultyServer], Awaitable[T]],
    *,
    timeouts: Timeouts | None = None,
    settings: RunSettings | None = None,
    env: Mapping[str, str] | None = None,
    proxied: bool = False,
    query: str = "",
) -> T:
    """Run a conversation with a provider that is connected to a faulty server.

    `query` is that of the base URL; `proxied`: the server is reached as an HTTP proxy to a host that does not exist.
    """

    async def run() -> T:
        async with FaultyServer(script) as server:
            base_url = server.base_url
            if proxied:
                environment.setenv("HTTP_PROXY", base_url.removesuffix("/v1"))
                base_url = "http://name.invalid/v1"
            chosen = settings or RunSettings()
            target = resolve(replace(chosen, base_url=base_url + query), env or {})
            async with OpenAIProvider(target, concurrency=8, timeouts=timeouts) as provider:
                return await conversation(provider, server)

    with pytest.MonkeyPatch.context() as environment:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
            environment.delenv(name, raising=False)
        return asyncio.run(run())


def answer_to(act: Act, *, timeouts: Timeouts | None = None, proxied: bool = False) -> Answer:
    """Ask a server that answers by `act` and return what came."""
    return talk(Script(default=act), lambda provider, _: ask(provider), timeouts=timeouts, proxied=proxied)
