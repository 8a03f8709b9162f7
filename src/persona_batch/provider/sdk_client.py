"""The openai SDK's client, set up to send what we mean to send and nothing else, and the HTTP client under it.

What is read whole is bounded, and what was sent before is sent a short way: every request of a run has the URL, headers
and time-outs of the first; only the content differs. The SDK and httpx2 would merge, parse and normalize them anew each
time, which takes as long as reading a reply of a hundred chunks.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import aclosing, suppress
from contextvars import ContextVar
from typing import Any, Final, cast

import httpx2
import msgspec
import openai
from openai import AsyncOpenAI, Omit

from persona_batch import __version__
from persona_batch.provider.contract import StreamInfo
from persona_batch.provider.network import Proxy, trusted
from persona_batch.provider.target import Target
from persona_batch.provider.transport import DirectTransport

_OWN_HEADERS: Final = frozenset({"accept", "content-type", "user-agent", "authorization"})
_BOOKKEEPING: Final = ("x-stainless-retry-count", "x-stainless-read-timeout")  # the SDK's, of each request
_NO_KEY: Final = "none"  # the SDK insists on a key, and would look for one in the environment; see `without_key`
_SPARE: Final = 8  # connections beyond the concurrency: for a list of models, or one that is just being closed
_REFUSAL_BYTES: Final = 256 * 1024  # of the body of an answer that is no success, before and after unpacking
_REFUSAL_SECONDS: Final = 10.0
_REDIRECT_SECONDS: Final = 0.25  # nobody reads it; what is there by then frees the connection
_ANSWER_BYTES: Final = 8 * 1024 * 1024  # of any answer but a reply; the longest known lists of models have one
_MOST_REDIRECTS: Final = 10
_ANYWHERE: Final = ("accept", "accept-encoding", "content-type", "user-agent")  # headers that another origin may see
_FRAMING: Final = ("content-length", "transfer-encoding")

sending: ContextVar[StreamInfo | None] = ContextVar("sending", default=None)  # set while a reply is asked for
taking: ContextVar[bool] = ContextVar("taking", default=False)  # a file, whose end its reader watches


class RedirectFailed(httpx2.TransportError):
    """The endpoint answered, by sending us to where nobody can be asked; the cause says why."""


class HttpClient(httpx2.AsyncClient):
    """An httpx2 client with redirects that lose neither a body nor a key; headers named in `unsent` are not sent."""

    def __init__(self, *, unsent: Collection[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self._unsent = unsent

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:
        """Return the request, as the parent builds it but for the headers that are not to be sent."""
        request = super().build_request(method, url, **parts)
        for name in self._unsent:
            request.headers.pop(name, None)
        return request

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send a request, and again to wherever the answer says that it should go.

        307 and 308 ask for the same request at another place; the others would make a GET of a POST, so they are
        followed for a GET only, and returned else. To another origin (also from https to http) go only headers that
        cannot be a key. The response's `history` has the redirects.

        Raises:
            httpx2.TransportError: as from the parent's `send`; or a redirect leads nowhere (`RedirectFailed`).
            httpx2.TooManyRedirects: there were more than 10.
        """
        options["follow_redirects"] = False
        history: list[httpx2.Response] = []
        while True:
            try:
                response = await super().send(request, stream=stream, **options)
            except httpx2.TransportError as error:
                if not history:
                    raise
                raise RedirectFailed(str(request.url.copy_with(query=None))) from error
            response.history = list(history)
            if not _is_followed(response):
                return response
            await response.aclose()
            history.append(response)
            if len(history) > _MOST_REDIRECTS:
                raise httpx2.TooManyRedirects(f"more than {_MOST_REDIRECTS} redirects", request=request)
            request = _redirected(request, new_place(response))

    async def send_like(self, first: httpx2.Request, content: bytes) -> httpx2.Response:
        """Send `content` as `first` was sent, and return the response when its headers are there.

        Raises:
            httpx2.TransportError: as from `send`.
            openai.APIStatusError: the endpoint refused, as the SDK would raise it.
        """
        headers = httpx2.Headers(first.headers)
        del headers["content-length"]
        request = httpx2.Request(first.method, first.url, headers=headers, content=content, extensions=first.extensions)
        response = await self.send(request, stream=True)
        if response.is_success:
            return response
        await response.aread()  # no more of it than `bound_body` has kept
        raise openai.APIStatusError(f"HTTP {response.status_code}", response=response, body=_body(response))


class _Beginning(httpx2.AsyncByteStream):
    """At most so many bytes of a body, as they come."""

    def __init__(self, stream: httpx2.AsyncByteStream, limit: int) -> None:
        self._stream = stream
        self._left = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part[: self._left]
            self._left -= len(part)
            if self._left <= 0:
                return


async def bound_body(response: httpx2.Response) -> None:
    """Read here, and in bounds, a body that would be read whole: an error's, a redirect's, a list of models.

    A hook of the client for each response, so that it holds however the request was sent: by the SDK or by
    `send_like`, directly or through a proxy, redirected or not. Of an answer that is no success the beginning is
    enough, for its status has said what there is to say; so it may also break off, or never end. A reply and a file are
    left alone: they are read as they come.

    Raises:
        httpx2.DecodingError: an answer is too long, or cannot be unpacked.
        httpx2.TransportError: the connection was lost in the middle of one.
    """
    body = bytearray()
    if not response.is_success:
        with suppress(TimeoutError, httpx2.RequestError):
            async with asyncio.timeout(_REDIRECT_SECONDS if response.has_redirect_location else _REFUSAL_SECONDS):
                await _read(response, body, _REFUSAL_BYTES)
    elif sending.get() is None and not taking.get():
        await _read(response, body, _ANSWER_BYTES)  # how long that may take, the caller says
        if len(body) >= _ANSWER_BYTES:
            what = "a list of models" if response.request.url.path.endswith("/models") else "an answer"
            raise httpx2.DecodingError(f"{what} of more than {_ANSWER_BYTES >> 20} MB")
    else:
        return
    await response.stream.aclose()  # type: ignore[union-attr]  # an asynchronous client's
    response.headers.pop("content-encoding", None)
    response.stream = httpx2.ByteStream(bytes(body))


async def _read(response: httpx2.Response, body: bytearray, limit: int) -> None:
    """Append the body, unpacked, to `body` as it comes: `limit` bytes of it, and of what is packed, at most."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    beginning = httpx2.Response(
        response.status_code,
        headers=response.headers,
        stream=_Beginning(response.stream, limit),
        request=response.request,
    )
    async with aclosing(beginning.aiter_bytes()) as parts:  # of 1 MB at most, however well it was packed
        async for part in parts:
            body += part[: limit - len(body)]
            if len(body) >= limit:
                return


def new_place(response: httpx2.Response) -> httpx2.URL:
    """Return where a redirect leads, without credentials.

    Raises:
        httpx2.RemoteProtocolError: to no URL.
    """
    try:
        return response.request.url.join(response.headers["location"]).copy_with(username=None, password=None)
    except httpx2.InvalidURL as error:
        raise httpx2.RemoteProtocolError(f"a redirect to no URL: {error}") from None


def _is_followed(response: httpx2.Response) -> bool:
    followed = (307, 308) if response.request.method == "POST" else (301, 302, 303, 307, 308)
    return response.status_code in followed and "location" in response.headers


def _redirected(request: httpx2.Request, url: httpx2.URL) -> httpx2.Request:
    here = url.origin == request.url.origin
    headers = {name: value for name, value in request.headers.items() if here or name in _ANYWHERE}
    headers.pop("host", None)  # set anew
    try:
        content = request.content or None
    except httpx2.RequestNotRead:  # a file, which is read from its beginning once more
        headers |= {name: request.headers[name] for name in _FRAMING if name in request.headers}
        headers["host"] = url.netloc.decode("ascii")
        return httpx2.Request(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
    headers.pop("content-length", None)
    return httpx2.Request(request.method, url, headers=headers, content=content, extensions=request.extensions)


def _body(response: httpx2.Response) -> object:
    try:
        body: object = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return response.text
    return body


async def _stamp(_request: httpx2.Request) -> None:
    """Note the moment of sending; httpx2 calls it for each request, redirected ones too."""
    info = sending.get()
    if info is not None:
        info.sent_ns = time.perf_counter_ns()


def without_key(target: Target) -> dict[str, Omit]:
    """Return the headers by which the SDK wants to hear, with each request, that there is no key to send."""
    return {} if _authorized(target) else {"Authorization": Omit()}


def _bearer(target: Target) -> str | None:
    """Return the key, if it goes into the Authorization header."""
    elsewhere = (target.api_key_header or "authorization").lower() != "authorization"
    return None if target.api_key is None or elsewhere else target.api_key.reveal()


def _authorized(target: Target) -> bool:
    return _bearer(target) is not None or any(name.lower() == "authorization" for name in target.headers)


def open_http(
    target: Target, *, concurrency: int, connect: float, proxy: Proxy | None, files: bool = False
) -> HttpClient:
    """Return the HTTP client for a target; silence on a connection is the caller's to watch.

    Args:
        target: where.
        concurrency: the most requests at a time.
        connect: seconds for a connection.
        proxy: the way there, by httpx2's own transport; None: straight, by ours.
        files: also straight by httpx2's own, which reads what it sends piece by piece, and knows time-outs for each.

    Raises:
        UsageError: a variable names certificates that are none.
    """
    limit = concurrency + _SPARE
    direct = proxy is None and not files
    tls = None if direct and not target.base_url.startswith("https:") else trusted()
    return HttpClient(
        unsent=() if target.ambient else _BOOKKEEPING,
        transport=DirectTransport(limit, tls=tls) if direct else None,
        **({} if proxy is None or tls is None else {"proxy": proxy.opened(tls)}),
        **({} if direct or tls is None else {"verify": tls}),
        limits=httpx2.Limits(max_connections=limit),
        timeout=httpx2.Timeout(None, connect=connect, pool=connect),
        event_hooks={"request": [_stamp], "response": [bound_body]},
        trust_env=False,
    )


def open_client(target: Target, http_client: HttpClient) -> AsyncOpenAI:
    """Return a client for the target that sends its headers with each request; closing it closes `http_client`."""
    key = _bearer(target)

    def client(default_headers: Mapping[str, str]) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=key or _NO_KEY,
            admin_api_key="",
            base_url=target.base_url.partition("?")[0],  # we name whole URLs; it would put its routes behind a query
            max_retries=0,
            default_headers=default_headers,
            http_client=http_client,
        )

    own: dict[str, str | Omit] = {
        "User-Agent": f"persona-batch/{__version__} openai-python/{openai.__version__}",
        "Accept": "text/event-stream, application/json",
        "Accept-Encoding": "identity",
        **({} if _authorized(target) else {"Authorization": Omit()}),
        **target.headers,
    }
    if not target.ambient:
        # The SDK would add its platform's headers, and those that OPENAI_… variables ask for.
        added = client({}).default_headers
        own = {**{name: Omit() for name in added if name.lower() not in _OWN_HEADERS}, **own}
        if key is not None:  # said outright, the key wins over an Authorization header among those
            own = {"Authorization": f"Bearer {key}", **own}
    if target.api_key is not None and target.api_key_header is not None and key is None:
        own[target.api_key_header] = target.api_key.reveal()
    # The signature says str, but the SDK's own default headers are `str | Omit`, and it merges both.
    return client(cast("dict[str, str]", own))
