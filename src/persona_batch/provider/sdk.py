"""The openai SDK's client, set up to send what we mean to send and nothing else."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final, cast

import httpx2
import openai
from openai import AsyncOpenAI, Omit

from persona_batch import __version__
from persona_batch.provider.base import StreamInfo
from persona_batch.provider.http import HttpClient, bound_body
from persona_batch.provider.network import Proxy, trusted
from persona_batch.provider.target import Target
from persona_batch.provider.transport import DirectTransport

_OWN_HEADERS: Final = frozenset({"accept", "content-type", "user-agent", "authorization"})
_BOOKKEEPING: Final = ("x-stainless-retry-count", "x-stainless-read-timeout")  # the SDK's, of each request
_NO_KEY: Final = "none"  # the SDK insists on a key, and would look for one in the environment; see `without_key`
_SPARE: Final = 8  # connections beyond the concurrency: for a list of models, or one that is just being closed

sending: ContextVar[StreamInfo | None] = ContextVar("sending", default=None)


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
    return _bearer(target) is not None or any(name.lower() == "authorization" for name in target.extra_headers)


def open_http(target: Target, *, concurrency: int, connect: float, proxy: Proxy | None) -> HttpClient:
    """Return the HTTP client for a target; silence on a connection is the caller's to watch.

    Args:
        target: where.
        concurrency: the most requests at a time.
        connect: seconds for a connection.
        proxy: the way there, by httpx2's own transport; None: straight, by ours.

    Raises:
        UsageError: a variable names certificates that are none.
    """
    limit = concurrency + _SPARE
    tls = trusted() if proxy is not None or target.base_url.startswith("https:") else None
    return HttpClient(
        unsent=() if target.ambient else _BOOKKEEPING,
        transport=DirectTransport(limit, tls=tls) if proxy is None else None,
        **({} if proxy is None or tls is None else {"proxy": proxy.opened(tls), "verify": tls}),
        limits=httpx2.Limits(max_connections=limit),
        timeout=httpx2.Timeout(None, connect=connect, pool=connect),
        event_hooks={"request": [_stamp], "response": [bound_body]},
        trust_env=False,
    )


def open_client(target: Target, http_client: HttpClient, *, headers: Mapping[str, str]) -> AsyncOpenAI:
    """Return a client for the target that sends `headers` with each request; closing it closes `http_client`."""
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
        **headers,
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
