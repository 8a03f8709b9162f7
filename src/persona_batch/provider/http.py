"""The SDK's aiohttp client with a short way from headers and body to a request.

Every request of a run has the same URL, headers and time-outs; httpx2 would parse, merge and normalize them
anew each time, which costs a fifth of a whole streamed reply. Proxies, TLS, redirects, connection limits and
hooks are the parent's.
"""

from collections.abc import Collection
from typing import Any, Final

import httpx2
from openai import DefaultAioHttpClient

_KEPT: Final = 16  # forms of request that are remembered


class HttpClient(DefaultAioHttpClient):
    """Remembers what the requests of one form have in common; headers named in `unsent` are not sent."""

    def __init__(self, *, unsent: Collection[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self._unsent = unsent
        self._forms: dict[Any, tuple[httpx2.URL, httpx2.Headers, dict[str, Any]]] = {}

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:
        """Return the request, as the parent would build it."""
        content, headers, timeout = parts.get("content"), parts.get("headers"), parts.get("timeout")
        others = any(value for name, value in parts.items() if name not in ("content", "headers", "timeout"))
        if others or not isinstance(content, bytes) or not isinstance(headers, list) or self.cookies:
            return self._built(method, url, **parts)
        form = (method, url, *headers)
        known = self._forms.get(form)
        if known is None:
            built = self._built(method, url, headers=headers, timeout=timeout)
            del built.headers["content-length"]
            known = built.url, built.headers, built.extensions
            if len(self._forms) < _KEPT:
                self._forms[form] = known
        return httpx2.Request(method, known[0], headers=known[1], content=content, extensions=known[2])

    def _built(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:
        request = super().build_request(method, url, **parts)
        for name in self._unsent:
            request.headers.pop(name, None)
        return request
