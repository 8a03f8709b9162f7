"""An open batch API in tests, over the fake endpoint that it talks to."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from persona_batch.credentials import Secret
from persona_batch.provider.batches import BatchApi
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.provider.presets import CUSTOM, PRESETS
from persona_batch.provider.target import Target
from servers.batch_plan import Plan
from servers.batches import BatchServer, batches

T = TypeVar("T")
KEY = "my-very-own-key-1"
URL = "/v1/chat/completions"


def target_at(server: BatchServer, name: str = "openai") -> Target:
    """Return the fake endpoint as if it were a provider's own: with the facts of its preset."""
    preset = replace(PRESETS.get(name, CUSTOM), base_url=server.base_url)
    keys = {"MINE": Secret(KEY)}
    return Target(preset=preset, base_url=server.base_url, identity=name, key_variable="MINE", keys=keys)


def converse(
    plan: Plan,
    conversation: Callable[[BatchApi, BatchServer], Awaitable[T]],
    *,
    name: str = "openai",
    timeouts: Timeouts | None = None,
) -> T:
    """Run a conversation with the batch API of a fake endpoint."""
    with batches(msgspec.structs.replace(plan, api_key=KEY)) as server:

        async def run() -> T:
            async with OpenAIProvider(target_at(server, name), concurrency=2, timeouts=timeouts) as provider:
                return await conversation(provider.batches(), server)

        return asyncio.run(run())


def request_line(key: str, *, url: str = URL, model: str = "test-model", said: str = "") -> bytes:
    """Return a line of a file of requests."""
    body = {"model": model, "messages": [{"role": "user", "content": said or f"say {key}"}]}
    return msgspec.json.encode({"custom_id": key, "method": "POST", "url": url, "body": body}) + b"\n"


def write_requests(path: Path, count: int, *, url: str = URL) -> list[str]:
    """Write a file of requests and return their keys."""
    keys = [f"key-{number}" for number in range(count)]
    path.write_bytes(b"".join(request_line(key, url=url) for key in keys))
    return keys
