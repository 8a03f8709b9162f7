"""Foreign exceptions → `ProviderError`: the one edge where the SDK's, its transports' and the system's end.

What is wrong often shows only in a cause (a refused connection under httpx2's error under the SDK's), so the whole
chain is read, most telling first.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, TypeAlias

import httpx2
import openai

from persona_batch.errors import (
    BadRequest,
    ConnectionFailed,
    ContentFiltered,
    MalformedReply,
    ProviderError,
    ServerFailed,
    StreamCut,
    TimedOut,
)
from persona_batch.provider import ratelimit, refusal
from persona_batch.provider.contract import ELSEWHERE, HUNG_UP
from persona_batch.provider.network import Proxy
from persona_batch.provider.sdk_client import RedirectFailed, new_place

_OTHER_HOST = (62, 63, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, …_EMAIL_…, …_IP_ADDRESS_…
_NOT_NOW = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, …_HAS_EXPIRED

FOREIGN = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.CookieConflict,
    httpx2.StreamError,
    OSError,
    asyncio.TimeoutError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    EOFError,
)  # what may be raised at us; anything else is a bug of ours and passes


# Which of our errors, in which words; None: the stream was cut or, before it began, the connection failed. The first
# row that fits decides: what goes wrong before a connection stands, then on one that does, then what says less.
_Kinds: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]
_Rows: TypeAlias = tuple[tuple[_Kinds, type[ProviderError] | None, str], ...]
_CLOSED: Final = "{url} closed the connection: {said}"
_LATE: Final = "no connection to {url} within the time-out for connecting"
_CONNECTING: Final[_Rows] = (
    (ssl.SSLCertVerificationError, ConnectionFailed, "the certificate of {url} is not trusted: {said}"),
    (socket.gaierror, ConnectionFailed, "no such host: {url}; check the base URL and the network"),
    (httpx2.ProxyError, ConnectionFailed, "the proxy failed on the way to {url}: {said}"),
    (ConnectionRefusedError, ConnectionFailed, "connection refused by {url}; is the server running?"),
    (httpx2.PoolTimeout, TimedOut, _LATE),
    (ssl.SSLError, ConnectionFailed, "TLS with {url} failed: {said}"),
    ((httpx2.InvalidURL, httpx2.UnsupportedProtocol), BadRequest, "{url} is no URL that can be asked: {said}"),
)
_UNREADABLE: Final = (httpx2.DecodingError, openai.APIResponseValidationError)
_TRANSFERRING: Final[_Rows] = (
    ((ConnectionError, httpx2.ReadError, httpx2.RemoteProtocolError), None, _CLOSED),
    (httpx2.TooManyRedirects, BadRequest, "{url} redirects without end"),
    (_UNREADABLE, MalformedReply, "{url} sent an answer that cannot be decoded: {said}"),
    ((httpx2.ReadTimeout, httpx2.WriteTimeout), TimedOut, "{url} fell silent: {said}"),
)
_TIMEOUTS: Final = (httpx2.TimeoutException, openai.APITimeoutError, TimeoutError)
_FAILURES: Final = (httpx2.TransportError, openai.APIConnectionError, OSError, EOFError, httpx2.StreamError)
_REST: Final[_Rows] = (
    (httpx2.ConnectTimeout, TimedOut, _LATE),
    (_TIMEOUTS, TimedOut, "{url} did not answer in time: {said}"),
    ((httpx2.LocalProtocolError, httpx2.CookieConflict), BadRequest, "the request to {url} cannot be sent: {said}"),
    (openai.ContentFilterFinishReasonError, ContentFiltered, "{said}"),
    (_FAILURES, None, "the connection to {url} failed: {said}"),
    ((httpx2.HTTPError, openai.APIError), MalformedReply, "{url} sent an answer that cannot be used: {said}"),
)


def to_provider_error(
    error: BaseException, *, base_url: str, begun: bool = False, proxy: Proxy | None = None
) -> ProviderError:
    """Return our error for a foreign one.

    `base_url` (without credentials) is named in messages, and so is the `proxy` on the way where it may be at fault;
    `begun` says that a part of the reply had come.

    Raises:
        MemoryError: that was it.
    """
    if isinstance(error, ProviderError):
        return error
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, openai.APIStatusError):
            return _status(link, base_url, proxy)
        if isinstance(link, RedirectFailed):
            cause = link.__cause__ or link
            kind = BadRequest if isinstance(cause, httpx2.UnsupportedProtocol) else ConnectionFailed
            return kind(f"{base_url} redirects to {link}, where nobody answers: {_said(cause)}", code=ELSEWHERE)
        if isinstance(link, MemoryError):  # ours, not the endpoint's; asking again would not help
            raise link
    if proxy is None or begun:
        return _connection(chain, base_url, begun=begun)
    found = _at_proxy(chain, base_url, proxy) or _connection(chain, base_url, begun=begun)
    return found if str(proxy) in found.message else _with(found, f" (asked through {proxy})")


def _connection(chain: list[BaseException], base_url: str, *, begun: bool) -> ProviderError:
    """Return our error for one of the SDK's, a transport's or the system's, by the most telling of its causes."""
    # What the SDK wraps around a transport's error says less than that error.
    chain = [link for link in chain if type(link) not in (openai.APIConnectionError, openai.APITimeoutError)] or chain
    for rows, links in ((_CONNECTING, chain), (_TRANSFERRING, chain), (_REST, chain[:1])):
        for link in links:
            for kinds, ours, words in rows:
                if isinstance(link, kinds):
                    return _told(link, ours, words, base_url, begun=begun)
    return BadRequest(f"the request to {base_url} could not be made: {_said(chain[0])}")


def _told(
    link: BaseException, ours: type[ProviderError] | None, words: str, base_url: str, *, begun: bool
) -> ProviderError:
    said = _distrust(link) if isinstance(link, ssl.SSLCertVerificationError) else _said(link)
    # By a protocol error httpx2's own transport also says that the other end closed the connection.
    if isinstance(link, httpx2.RemoteProtocolError) and re.search(r"closed|disconnect", str(link)) is None:
        ours, words = StreamCut if begun else MalformedReply, "{url} sent no proper HTTP: {said}"
    ours = ours or (StreamCut if begun else ConnectionFailed)
    return ours(words.format(url=base_url, said=said), code=HUNG_UP if words is _CLOSED else None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, innermost last."""
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _status(error: openai.APIStatusError, base_url: str, proxy: Proxy | None) -> ProviderError:
    response, status = error.response, error.status_code
    if status < 400 and "location" in response.headers:
        with suppress(httpx2.RemoteProtocolError):  # it has moved nowhere
            moved = f"{base_url} has moved to {_shown(new_place(response))}; set the base URL to that"
            return BadRequest(f"HTTP {status}: {moved}", http_status=status, request_id=error.request_id)
    if status == 407:
        way = proxy or "a proxy"
        return ConnectionFailed(
            f"HTTP 407: {way} asks for a user name and a password; write them into the variable: http://user:password@…",
            http_status=status,
        )
    headers = ratelimit.kept_headers(response.headers.items())
    refused = refusal.from_response(status, error.body, headers, error.request_id)
    added = ""
    if response.history and response.request.url.origin != response.history[0].request.url.origin:
        added = f"; {base_url} redirects to {_shown(response.request.url)}, another origin, where no key is sent: "
        added += "if you trust it, set the base URL to that"
    elif proxy is not None and isinstance(refused, (BadRequest, MalformedReply, ServerFailed)):
        added = f" (asked through {proxy})"
    return _with(refused, added)


def _with(error: ProviderError, words: str) -> ProviderError:
    """Return an error that says more: of what is on the way, so who hung up is not known."""
    error.message += words
    error.code = None if error.code == HUNG_UP else error.code
    error.args = (error.message,)
    return error


def _shown(url: httpx2.URL) -> str:
    """Return a new address as a base URL, without its query, which may hold anything."""
    return str(url.copy_with(query=None, fragment=None)).removesuffix("/chat/completions").removesuffix("/models")


def _at_proxy(chain: list[BaseException], base_url: str, proxy: Proxy) -> ProviderError | None:
    """Recognize what goes wrong on the way to a proxy, or what it refuses."""
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return None
    for link in chain:
        said = _said(link)
        if isinstance(link, httpx2.ProxyError):
            return ConnectionFailed(
                f"{proxy} does not let the request through to {base_url}: {said}; correct {proxy.variable}, or unset it"
            )
        if isinstance(link, (httpx2.ConnectError, httpx2.ConnectTimeout)):
            return ConnectionFailed(
                f"{proxy} on the way to {base_url} cannot be used: {said}; correct {proxy.variable}, or unset it"
            )
    return None


def _distrust(error: ssl.SSLCertVerificationError) -> str:
    """Return why a certificate was refused, and what helps."""
    code = getattr(error, "verify_code", None)
    said = getattr(error, "verify_message", None) or _said(error)
    if code in _OTHER_HOST:
        return f"{said}; name the host in the base URL as the certificate does"
    if code in _NOT_NOW:
        return f"{said}; see that this machine's clock is right, or ask whoever runs the endpoint"
    return f"{said}; if you trust who issued it, name a file with that certificate by SSL_CERT_FILE"


def _said(error: BaseException) -> str:
    return refusal.excerpt(str(error)) or type(error).__name__
