"""Streaming chat completions through the openai SDK, without its object per chunk.

`AsyncOpenAI.post` with `cast_to=httpx2.Response` is public: it keeps the SDK's connections, authentication,
proxies and status errors, and hands over the body as bytes (measured in benchmarks/). The SDK's own retries are
off; errors leave as `ProviderError`, free of keys.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Self, cast

import httpx2
import msgspec
import openai
from openai import AsyncOpenAI, AsyncStream, Omit

from persona_batch import __version__
from persona_batch.errors import MalformedReply, ProviderError, StreamCut, TimedOut
from persona_batch.provider import ratelimit, refusal
from persona_batch.provider.base import Burst, Request, StreamInfo, Timeouts
from persona_batch.provider.body import encode_body, sent_messages
from persona_batch.provider.deadline import Deadline
from persona_batch.provider.http import HttpClient
from persona_batch.provider.reply import ReplyDecoder
from persona_batch.provider.target import Target
from persona_batch.provider.translate import FOREIGN, to_provider_error

_DRAIN: Final = 0.25  # seconds for the end of a body after its end mark, so that the connection can be used again
_LISTING: Final = 30.0  # seconds for the list of models
_OWN_HEADERS: Final = frozenset({"accept", "content-type", "user-agent", "authorization"})
_sending: ContextVar[StreamInfo | None] = ContextVar("sending", default=None)


async def _stamp(_request: httpx2.Request) -> None:
    """Note the moment of sending: called by httpx2 for each request."""
    info = _sending.get()
    if info is not None:
        info.sent_ns = time.perf_counter_ns()


class OpenAIProvider:
    """Any endpoint that speaks OpenAI's chat completions.

    Args:
        target: where, and with which key.
        concurrency: the most requests at a time.
        timeouts: for each request.
        headers: sent with each request, beside the target's.
        proxies: whether proxies named by the environment are used.
    """

    def __init__(
        self,
        target: Target,
        *,
        concurrency: int,
        timeouts: Timeouts | None = None,
        headers: Mapping[str, str] | None = None,
        proxies: bool = True,
    ) -> None:
        self.name = target.name
        self.identity = target.identity
        self._target = target
        self._timeouts = timeouts or Timeouts()
        self._stream_options = target.preset.stream_options
        self._redactor = target.redactor
        self._headers = dict(headers or {})
        self._concurrency = concurrency
        self._proxies = proxies

    async def __aenter__(self) -> Self:
        connect = self._timeouts.connect
        self._client = AsyncOpenAI(
            api_key="" if self._target.api_key is None else self._target.api_key.reveal(),
            admin_api_key="",
            base_url=self._target.base_url,
            max_retries=0,
            default_headers=self._default_headers(),
            _enforce_credentials=False,
            http_client=HttpClient(
                # Silence is watched by `Deadline`, which can tell the first token from a gap.
                timeout=httpx2.Timeout(None, connect=connect, pool=connect),
                limits=httpx2.Limits(max_connections=self._concurrency + 8),
                event_hooks={"request": [_stamp]},
                trust_env=self._proxies,
            ),
        )
        self._route = f"{self._target.base_url}/chat/completions"
        # Where no key is to be sent, the SDK wants to hear it with each request.
        self._options: Any = {"headers": {"Authorization": Omit()}} if self._target.api_key is None else {}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    def _default_headers(self) -> dict[str, str]:
        """Return the headers of every request; what the SDK would add from the environment is left out."""
        headers: dict[str, str | Omit] = {}
        if not self._target.ambient:
            headers = dict.fromkeys(_ambient_headers(), Omit())
        headers["User-Agent"] = f"persona-batch/{__version__} openai-python/{openai.__version__}"
        headers["Accept"] = "text/event-stream, application/json"
        headers["Accept-Encoding"] = "identity"
        # The SDK's signature says str, its own default headers are `str | Omit`, and it merges both.
        return cast("dict[str, str]", {**headers, **self._headers, **self._target.extra_headers})

    async def models(self) -> list[str]:
        """Return the ids that /models lists; see `base.Provider`."""
        try:
            async with asyncio.timeout(self._timeouts.connect + _LISTING):
                response = await self._client.get("/models", cast_to=httpx2.Response, options=self._options)
            return _model_ids(response.content)
        except (*FOREIGN, ProviderError) as error:
            raise self._ours(error) from error

    async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
        """Stream one reply; see `base.Provider`."""
        decoder = ReplyDecoder()
        deadline = Deadline(self._timeouts)
        reads: AsyncGenerator[bytes] | None = None
        try:
            with deadline:
                response = await self._open(request, info)
            encoded = response.headers.get("content-encoding", "identity") != "identity"
            reads = response.aiter_bytes() if encoded else response.aiter_raw()
            while not decoder.done:
                with deadline:
                    try:
                        data = await reads.__anext__()
                    except StopAsyncIteration:
                        break
                now = time.perf_counter_ns()
                chunks = decoder.feed(data)
                if chunks:
                    deadline.spoke()
                    yield Burst(now, chunks)
            if decoder.done:
                await _drain(reads)
            chunks = decoder.finish()
            if chunks:
                yield Burst(time.perf_counter_ns(), chunks)
        except (*FOREIGN, ProviderError) as error:
            ours = self._ours(error, begun=decoder.begun)
            if not (decoder.complete and isinstance(ours, (StreamCut, TimedOut))):
                raise ours from error
        finally:
            deadline.close()
            if reads is not None:
                await reads.aclose()

    async def _open(self, request: Request, info: StreamInfo) -> httpx2.Response:
        """Send the request and return the response when its headers are there."""
        messages = sent_messages(request.messages, self._target.preset)
        if messages is not request.messages:
            info.messages = messages
        try:
            response = await self._post(request, messages, info)
        except openai.APIStatusError as error:
            if not self._stream_options or not _blames_stream_options(error):
                raise
            self._stream_options = False
            response = await self._post(request, messages, info)
        info.request_id = response.headers.get("x-request-id")
        info.headers = ratelimit.kept_headers(response.headers.items())
        return response

    async def _post(self, request: Request, messages: Sequence[Any], info: StreamInfo) -> httpx2.Response:
        content = encode_body(
            request,
            messages,
            self._target.preset,
            self._target.extra_body,
            stream_options=self._stream_options,
        )
        token = _sending.set(info)
        try:
            response: object = await self._client.post(
                self._route,
                cast_to=httpx2.Response,
                content=content,
                options=self._options,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            return cast("httpx2.Response", response)  # what `cast_to` asks for; the SDK's types know only streams
        finally:
            _sending.reset(token)

    def _ours(self, error: BaseException, *, begun: bool = False) -> ProviderError:
        """Return the error in our words, without keys."""
        ours = to_provider_error(error, base_url=self._target.base_url, begun=begun)
        ours.message = self._redactor.clean(ours.message)
        ours.args = (ours.message,)
        return ours


def _ambient_headers() -> set[str]:
    """Return the headers that the SDK sends of its own accord: its platform's, and those set by OPENAI_… variables."""
    client = AsyncOpenAI(api_key="", admin_api_key="", base_url="http://localhost", _enforce_credentials=False)
    added = {*client.default_headers, "x-stainless-retry-count", "x-stainless-read-timeout"}
    return {name for name in added if name.lower() not in _OWN_HEADERS}


def _blames_stream_options(error: openai.APIStatusError) -> bool:
    text = str(error.body)
    return error.status_code in (400, 422) and ("stream_options" in text or "include_usage" in text)


async def _drain(reads: AsyncIterator[bytes]) -> None:
    with contextlib.suppress(*FOREIGN):
        async with asyncio.timeout(_DRAIN):
            async for _ in reads:
                pass


def _model_ids(content: bytes) -> list[str]:
    """Read `{"data": [{"id": …}]}`, or Ollama's `{"models": [{"name": …}]}`, or a plain list."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedReply(f"not a list of models: {refusal.excerpt(content.decode('utf-8', 'replace'))}") from None
    listed = body.get("data") or body.get("models") or [] if isinstance(body, dict) else body
    if not isinstance(listed, list):
        raise MalformedReply("not a list of models")
    names = [item.get("id") or item.get("name") if isinstance(item, dict) else item for item in listed]
    return [name for name in names if isinstance(name, str)]
