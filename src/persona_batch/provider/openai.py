"""Streaming chat completions through the openai SDK, without its object per chunk.

`AsyncOpenAI.post` with `cast_to=httpx2.Response` is public: it keeps the SDK's authentication, headers and status
errors, and hands over the body as bytes. Once the endpoint has accepted a request that the SDK built, later ones are
sent like it, with another content (docs/performance.md has the measurements). The SDK's own retries are off; errors
leave as `ProviderError`, free of keys.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx2
import msgspec
import openai
from openai import AsyncStream

from persona_batch.errors import MalformedReply, ProviderError, StreamCut, TimedOut
from persona_batch.provider import ratelimit, refusal
from persona_batch.provider.batch_client import BatchClient
from persona_batch.provider.batches import BatchFacts
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo, Timeouts
from persona_batch.provider.dialect import Dialect, encode_body, sent_messages
from persona_batch.provider.network import proxy_for
from persona_batch.provider.receiving import Deadline, Incoming
from persona_batch.provider.reply_decoder import ReplyDecoder
from persona_batch.provider.sdk_client import open_client, open_http, sending, without_key
from persona_batch.provider.target import ModelNames, Target
from persona_batch.provider.transfer import FileTransfer
from persona_batch.provider.translate import FOREIGN, to_provider_error

_DRAIN: Final = 0.25  # seconds for the end of a body after its end mark, so that the connection can be used again
_ANSWER: Final = 30.0  # seconds for an answer that is no reply
_HARMLESS: Final = (StreamCut, TimedOut, MalformedReply)


class OpenAIProvider:
    """Any endpoint that speaks OpenAI's chat completions.

    Args:
        target: where, and with which key.
        concurrency: the most requests at a time.
        timeouts: for each request.
        proxies: whether proxies named by the environment are used.
    """

    def __init__(
        self,
        target: Target,
        *,
        concurrency: int,
        timeouts: Timeouts | None = None,
        proxies: bool = True,
    ) -> None:
        self.name = target.name
        self.identity = target.identity
        self._target = target
        self._timeouts = timeouts or Timeouts()
        self._native = Dialect.of(target.preset)
        self._dialects: dict[str, Dialect] = {}  # by model, what was learnt from refusals
        self._redactor = target.redactor
        self._names = ModelNames(self._redactor)
        self._concurrency = concurrency
        self._proxies = proxies

    async def __aenter__(self) -> Self:
        self._proxy = proxy_for(self._target.base_url) if self._proxies else None
        self._http = open_http(
            self._target, concurrency=self._concurrency, connect=self._timeouts.connect, proxy=self._proxy
        )
        self._client = open_client(self._target, self._http)
        self._first: httpx2.Request | None = None
        self._files: FileTransfer | None = None
        self._route = route(self._target.base_url, "/chat/completions")
        self._options: Any = {"headers": without_key(self._target)}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._files is not None:
            await self._files.close()
        await self._client.close()

    async def models(self) -> list[str]:
        """Return the ids that /models lists, fit to be shown; see `contract.Provider`."""
        return self._names.shown(await self.listed())

    async def listed(self) -> list[str]:
        """Return the ids that /models lists, as they are; raises like `models`."""
        try:
            return _model_ids(await self.call("/models"))
        except MalformedReply as error:
            raise self._ours(error) from error

    async def call(
        self,
        path: str,
        body: object = None,
        *,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = _ANSWER,
    ) -> bytes:
        """Ask a route that answers at once (`/models`, `/files`, `/batches`), and return the body of its answer.

        Args:
            path: of the route, below the base URL.
            body: posted as JSON; with `files`, the fields of the form beside them.
            files: posted, by field: name and content. With neither it is a GET.
            query: what the URL asks beside what the base URL does.
            headers: sent beside those of every request.
            seconds: until the whole answer is there, once connected.

        Raises:
            ProviderError: the endpoint could not be asked, or refused; the answer is longer than 8 MB.
        """
        url = route(self._target.base_url, path, query)
        form = {"Content-Type": "multipart/form-data"} if files else {}  # else the SDK calls it JSON
        given: Any = {"headers": {**self._options["headers"], **form, **(headers or {})}}
        try:
            async with asyncio.timeout(self._timeouts.connect + seconds):
                if body is None and files is None:
                    response = await self._client.get(url, cast_to=httpx2.Response, options=given)
                else:
                    response = await self._client.post(
                        url, cast_to=httpx2.Response, body=body, files=files, options=given
                    )
        except (*FOREIGN, ProviderError) as error:
            raise self._ours(error) from error
        return response.content

    def url(self, path: str) -> str:
        """Return the URL of a route below the base URL."""
        return route(self._target.base_url, path)

    def batches(self) -> BatchClient:
        """Return the endpoint's batch API; whether it has one shows when it is asked."""
        facts = self._target.preset.batch or BatchFacts()
        if self._files is None:
            self._files = FileTransfer(self._target, timeouts=self._timeouts, proxy=self._proxy, translate=self._ours)
        return BatchClient(self, self._files, facts, self._redactor)

    async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
        """Stream one reply; see `contract.Provider`."""
        decoder = ReplyDecoder()
        deadline = Deadline(self._timeouts)
        response: httpx2.Response | None = None
        try:
            with deadline:
                response = await self._open(request, info)
            incoming = Incoming(response)
            info.sent_ns = incoming.sent_ns or info.sent_ns
            relaxed = False
            with self._harmless_once_complete(decoder):
                while not decoder.done:
                    with deadline:
                        data = await incoming.read()
                    if not data:
                        break
                    chunks = decoder.feed(data)
                    if chunks:
                        deadline.spoke()
                        if decoder.complete:
                            deadline.ends()
                        yield Burst(incoming.arrived_ns, chunks, incoming.latest_ns)
                        if not relaxed and _has_text(chunks):
                            relaxed = True
                            incoming.relax()
            arrived_ns, latest_ns = incoming.arrived_ns, incoming.latest_ns
            info.request_id = info.request_id or decoder.response_id
            if decoder.done:
                with suppress(*FOREIGN):
                    await incoming.drain(_DRAIN)
            chunks = decoder.finish()
            if chunks:
                yield Burst(arrived_ns, chunks, latest_ns)
        except (*FOREIGN, ProviderError) as error:
            raise self._ours(error, begun=response is not None) from error
        finally:
            deadline.close()
            if response is not None:
                await response.aclose()

    @contextmanager
    def _harmless_once_complete(self, decoder: ReplyDecoder) -> Iterator[None]:
        """Suppress what goes wrong with a stream when nothing of its reply can be missing any more."""
        try:
            yield
        except (*FOREIGN, ProviderError) as error:
            if not (decoder.complete and isinstance(self._ours(error, begun=True), _HARMLESS)):
                raise

    async def _open(self, request: Request, info: StreamInfo) -> httpx2.Response:
        """Send the request and return the response when its headers are there."""
        messages = sent_messages(request.messages, self._target.preset)
        if messages is not request.messages:
            info.messages = messages
        response = await self._post_understood(request, messages, info)
        info.request_id = response.headers.get("x-request-id")
        info.headers = ratelimit.kept_headers(response.headers.items())
        return response

    async def _post_understood(self, request: Request, messages: Sequence[Any], info: StreamInfo) -> httpx2.Response:
        """Send the request; what is refused by its name is left out or sent under its other name, from then on."""
        first = dialect = self._dialects.get(request.model, self._native)
        tried: dict[Dialect, openai.APIStatusError] = {}
        while True:
            try:
                return await self._post(request, messages, info, dialect)
            except openai.APIStatusError as error:
                better = dialect.corrected(error.status_code, str(error.body), request.params)
                if better in tried:  # neither name is known
                    self._dialects[request.model] = first
                    raise tried[first] from None
                if better is None:
                    raise
                tried[dialect] = error
                dialect = self._dialects[request.model] = better

    async def _post(
        self, request: Request, messages: Sequence[Any], info: StreamInfo, dialect: Dialect
    ) -> httpx2.Response:
        own = self._names.own(request.model)
        if own != request.model:
            request = replace(request, model=own)
        content = encode_body(request, messages, self._target.extra_body, dialect)
        token = sending.set(info)
        try:
            if self._first is not None:
                return await self._http.send_like(self._first, content)
            posted: object = await self._client.post(
                self._route,
                cast_to=httpx2.Response,
                content=content,
                options=self._options,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            response = cast("httpx2.Response", posted)  # what `cast_to` asks for; the SDK's types know only streams
            self._first = response.history[0].request if response.history else response.request
            return response
        finally:
            sending.reset(token)

    def _ours(self, error: BaseException, *, begun: bool = False) -> ProviderError:
        """Return the error in our words, without keys."""
        ours = to_provider_error(error, base_url=self._target.base_url, begun=begun, proxy=self._proxy)
        ours.message = self._redactor.clean_all(ours.message)
        ours.args = (ours.message,)
        return ours


def route(base_url: str, path: str, query: Mapping[str, str] | None = None) -> str:
    """Return the URL of a route (`/chat/completions`), which stands before the query of a base URL."""
    parts = urlsplit(base_url)
    asked = "&".join(filter(None, (parts.query, urlencode(query or {}))))
    return urlunsplit(parts._replace(path=parts.path + path, query=asked))


def _has_text(chunks: Sequence[Chunk]) -> bool:
    return any(chunk.content or chunk.reasoning for chunk in chunks)


def _model_ids(content: bytes) -> list[str]:
    """Read `{"data": [{"id": …}]}`, or Ollama's `{"models": [{"name": …}]}`, or a plain list."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = refusal.excerpt(content.decode("utf-8", "replace"))
        raise MalformedReply(f"not a list of models: {said}", http_status=200) from None
    listed = body.get("data") or body.get("models") or [] if isinstance(body, dict) else body
    if not isinstance(listed, list):
        raise MalformedReply("not a list of models", http_status=200)
    names = [item.get("id") or item.get("name") if isinstance(item, dict) else item for item in listed]
    return [name for name in names if isinstance(name, str)]
