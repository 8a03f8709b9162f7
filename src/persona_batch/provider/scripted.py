"""A provider that makes up its replies: to rehearse a batch without asking anyone."""

import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

import msgspec

from persona_batch.chat import Message, Usage
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo

_PIECE = 8  # characters of a reply per chunk


def made_up(messages: Sequence[Message]) -> str:
    """Return a reply that depends on every message and on nothing else."""
    digest = hashlib.blake2b(msgspec.json.encode(messages), digest_size=4).hexdigest()
    return f"[{digest}] {messages[-1].content if messages else ''}"


class ScriptedProvider:
    """Answers at once by `made_up`, the same to the same messages."""

    name = "scripted"
    identity = "scripted"

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def models(self) -> list[str]:
        """Return the one model."""
        return ["scripted"]

    async def stream(self, request: Request, info: StreamInfo) -> AsyncIterator[Burst]:
        """Yield the reply in one burst per piece."""
        info.sent_ns = time.perf_counter_ns()
        info.request_id = f"scripted-{next(self._numbers)}"
        text = made_up(request.messages)
        for start in range(0, len(text), _PIECE):
            yield Burst(time.perf_counter_ns(), [Chunk(content=text[start : start + _PIECE], model=request.model)])
        prompt = sum(len(message.content) for message in request.messages)
        usage = Usage(prompt, len(text), prompt + len(text))
        yield Burst(time.perf_counter_ns(), [Chunk(finish_reason="stop", usage=usage)])
