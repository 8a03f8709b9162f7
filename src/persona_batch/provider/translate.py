"""Foreign exceptions → `ProviderError`: the one edge where the SDK's, its transports' and the system's end.

What is wrong often shows only in a cause (a refused connection under httpx2's error under the SDK's), so the whole
chain is read, most telling first.
"""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Iterator

import httpx2
import openai

from persona_batch import errors
from persona_batch.errors import ProviderError
from persona_batch.provider import ratelimit, refusal

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


def to_provider_error(error: BaseException, *, base_url: str, begun: bool = False) -> ProviderError:
    """Return our error for a foreign one.

    `base_url` (without credentials) is named in messages; `begun` says that a part of the reply had come.

    Raises:
        MemoryError: that was it.
    """
    if isinstance(error, ProviderError):
        return error
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, openai.APIStatusError):
            return _status(link)
        if isinstance(link, MemoryError):  # ours, not the endpoint's; asking again would not help
            raise link
    # What the SDK wraps around a transport's error says less than that error.
    chain = [link for link in chain if type(link) not in (openai.APIConnectionError, openai.APITimeoutError)] or chain
    cut = errors.StreamCut if begun else errors.ConnectionFailed
    for link in chain:
        found = _connecting(link, base_url)
        if found is not None:
            return found
    for link in chain:
        found = _transferring(link, base_url, cut)
        if found is not None:
            return found
    return _rest(chain[0], base_url, cut)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, innermost last."""
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _status(error: openai.APIStatusError) -> ProviderError:
    headers = ratelimit.kept_headers(error.response.headers.items())
    return refusal.from_response(error.status_code, error.body, headers, error.request_id)


def _connecting(error: BaseException, base_url: str) -> ProviderError | None:
    """Recognize what goes wrong before a connection stands."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return errors.ConnectionFailed(f"the certificate of {base_url} is not trusted: {_said(error)}")
    if isinstance(error, socket.gaierror):
        return errors.ConnectionFailed(f"no such host: {base_url}; check the base URL and the network")
    if isinstance(error, httpx2.ProxyError):
        return errors.ConnectionFailed(f"the proxy failed on the way to {base_url}: {_said(error)}")
    if isinstance(error, ConnectionRefusedError) or getattr(error, "errno", None) == errno.ECONNREFUSED:
        return errors.ConnectionFailed(f"connection refused by {base_url}; is the server running?")
    if isinstance(error, httpx2.PoolTimeout):
        return errors.TimedOut(f"no connection to {base_url} within the time-out for connecting")
    if isinstance(error, ssl.SSLError):
        return errors.ConnectionFailed(f"TLS with {base_url} failed: {_said(error)}")
    if isinstance(error, (httpx2.InvalidURL, httpx2.UnsupportedProtocol)):
        return errors.BadRequest(f"{base_url} is no URL that can be asked: {_said(error)}")
    return None


def _transferring(error: BaseException, base_url: str, cut: type[ProviderError]) -> ProviderError | None:
    """Recognize what goes wrong on a connection that stands."""
    if isinstance(error, (ConnectionError, httpx2.ReadError)) or _hung_up(error):
        return cut(f"{base_url} closed the connection: {_said(error)}")
    if isinstance(error, httpx2.RemoteProtocolError):
        words = f"{base_url} sent no proper HTTP: {_said(error)}"
        return errors.StreamCut(words) if cut is errors.StreamCut else errors.MalformedReply(words)
    if isinstance(error, httpx2.TooManyRedirects):
        return errors.BadRequest(f"{base_url} redirects without end")
    if isinstance(error, (httpx2.DecodingError, openai.APIResponseValidationError)):
        return errors.MalformedReply(f"{base_url} sent an answer that cannot be decoded: {_said(error)}")
    if isinstance(error, (httpx2.ReadTimeout, httpx2.WriteTimeout)):
        return errors.TimedOut(f"{base_url} fell silent: {_said(error)}")
    return None


def _rest(error: BaseException, base_url: str, cut: type[ProviderError]) -> ProviderError:
    """Find the best word for what no telling cause explained."""
    said = _said(error)
    if isinstance(error, httpx2.ConnectTimeout):
        return errors.TimedOut(f"no connection to {base_url} within the time-out for connecting")
    if isinstance(error, (httpx2.TimeoutException, openai.APITimeoutError, TimeoutError)):
        return errors.TimedOut(f"{base_url} did not answer in time: {said}")
    if isinstance(error, httpx2.HTTPStatusError):
        return refusal.from_response(error.response.status_code, said)
    if isinstance(error, (httpx2.LocalProtocolError, httpx2.CookieConflict)):
        return errors.BadRequest(f"the request to {base_url} cannot be sent: {said}")
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return errors.ContentFiltered(said)
    if isinstance(error, openai.AuthenticationError):
        return errors.AuthRefused(said)
    connection = (httpx2.TransportError, openai.APIConnectionError, OSError)
    if isinstance(error, (*connection, EOFError, httpx2.StreamError)):
        return cut(f"the connection to {base_url} failed: {said}")
    if isinstance(error, (httpx2.HTTPError, openai.APIError)):
        return errors.MalformedReply(f"{base_url} sent an answer that cannot be used: {said}")
    return errors.BadRequest(f"the request to {base_url} could not be made: {said}")


def _hung_up(error: BaseException) -> bool:
    """Whether httpx2's own transport says by a protocol error that the other end closed the connection."""
    return isinstance(error, httpx2.RemoteProtocolError) and re.search(r"closed|disconnect", str(error)) is not None


def _said(error: BaseException) -> str:
    return refusal.excerpt(str(error)) or type(error).__name__
