"""A provider that makes up its replies: for tests, and to rehearse a batch without asking anyone."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import msgspec

from persona_batch.chat import Message, Usage
from persona_batch.errors import ProviderError
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo

_PIECE = 8  # characters of a reply per chunk
_encode = msgspec.json.encode


def made_up(messages: Sequence[Message]) -> str:
    """Return a reply that depends on every message and on nothing else."""
    digest = hashlib.blake2b(_encode(messages), digest_size=4).hexdigest()
    said = messages[-1].content if messages else ""
    return f"[{digest}] {said}"


class ScriptedProvider:
    """Answers at once, the same to the same messages.

    Args:
        replies: texts by the content of the last message, or a function of the request; what it does not
            know, and everything by default, is answered by `made_up`.
        failures: raised, in turn, by the first requests; None stands for a request that succeeds.
        cut_after: with a failure, the chunks that are streamed before it.
        models: what the endpoint lists.
    """

    name = "scripted"
    identity = "scripted"

    def __init__(
        self,
        replies: Mapping[str, str] | Callable[[Request], str] | None = None,
        *,
        failures: Sequence[ProviderError | None] = (),
        cut_after: int = 0,
        models: Sequence[str] = ("scripted",),
    ) -> None:
        self._replies = replies
        self._failures = iter(failures)
        self._cut_after = cut_after
        self._models = list(models)
        self.asked: int = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def models(self) -> list[str]:
        """Return the models given at construction."""
        return list(self._models)

    async def stream(self, request: Request, info: StreamInfo) -> AsyncIterator[Burst]:
        """Yield the reply in one burst per piece; raises the failure that is due."""
        self.asked += 1
        number = self.asked
        info.sent_ns = time.perf_counter_ns()
        info.request_id = f"scripted-{number}"
        failure = next(self._failures, None)
        text = self._reply(request)
        pieces = [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)]
        if failure is not None:
            for piece in pieces[: self._cut_after]:
                yield Burst(time.perf_counter_ns(), [Chunk(content=piece)])
            raise failure
        for piece in pieces:
            yield Burst(time.perf_counter_ns(), [Chunk(content=piece, model=request.model)])
        prompt = sum(len(message.content) for message in request.messages)
        usage = Usage(prompt, len(text), prompt + len(text))
        yield Burst(time.perf_counter_ns(), [Chunk(finish_reason="stop", usage=usage)])

    def _reply(self, request: Request) -> str:
        if callable(self._replies):
            return self._replies(request)
        if self._replies is not None and request.messages:
            known = self._replies.get(request.messages[-1].content)
            if known is not None:
                return known
        return made_up(request.messages)
