"""The HTTP client under the SDK, and a short way to send what it has sent before.

Every request of a run has the URL, headers and time-outs of the first; only the content differs. The SDK and httpx2
would merge, parse and normalize them anew each time, which takes as long as reading a reply of a hundred chunks.
"""

from collections.abc import Collection
from typing import Any

import httpx2
import msgspec
import openai


class HttpClient(httpx2.AsyncClient):
    """An httpx2 client that follows redirects, as the SDK's do; headers named in `unsent` are not sent."""

    def __init__(self, *, unsent: Collection[str] = (), **options: Any) -> None:
        super().__init__(follow_redirects=True, **options)
        self._unsent = unsent

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:
        """Return the request, as the parent builds it but for the headers that are not to be sent."""
        request = super().build_request(method, url, **parts)
        for name in self._unsent:
            request.headers.pop(name, None)
        return request

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


def _body(response: httpx2.Response) -> object:
    try:
        body: object = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return response.text
    return body
