"""The HTTP client under the SDK, and a short way to send what it has sent before.

Every request of a run has the URL, headers and time-outs of the first; only the content differs. The SDK and httpx2
would merge, parse and normalize them anew each time, which takes as long as reading a reply of a hundred chunks.
"""

from collections.abc import Collection
from typing import Any, Final

import httpx2
import msgspec
import openai

_MOST_REDIRECTS: Final = 10
_ANYWHERE: Final = ("accept", "accept-encoding", "content-type", "user-agent")  # headers that another origin may see


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
            httpx2.TransportError: as from the parent's `send`; or a redirect leads nowhere.
            httpx2.TooManyRedirects: there were more than 10.
        """
        options["follow_redirects"] = False
        history: list[httpx2.Response] = []
        while True:
            response = await super().send(request, stream=stream, **options)
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
        await response.aread()
        raise openai.APIStatusError(f"HTTP {response.status_code}", response=response, body=_body(response))


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
    for name in ("host", "content-length"):  # set anew
        headers.pop(name, None)
    return httpx2.Request(
        request.method, url, headers=headers, content=request.content or None, extensions=request.extensions
    )


def _body(response: httpx2.Response) -> object:
    try:
        body: object = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return response.text
    return body
