"""No foreign exception passes the edge, and each gets a sensible name."""

import asyncio
import builtins
import inspect
import socket
import ssl
from itertools import pairwise
from types import ModuleType

import httpx2
import openai
import pytest

from persona_batch import errors
from persona_batch.errors import ProviderError
from persona_batch.provider.translate import FOREIGN, to_provider_error

REQUEST = httpx2.Request("POST", "http://host/v1/chat/completions")
HERE = "http://host/v1"
# Raised by parts of the SDK that no chat completion touches, or at our own misuse of httpx2.
ELSEWHERE = {
    "InvalidWebhookSignatureError",
    "HTTPXDeprecationWarning",
}


def exceptions_of(module: ModuleType) -> list[type[BaseException]]:
    return [
        value
        for name in dir(module)
        if inspect.isclass(value := getattr(module, name))
        and issubclass(value, BaseException)
        and not hasattr(builtins, value.__name__)
        and value.__name__ not in ELSEWHERE
    ]


def made(kind: type[BaseException]) -> BaseException:
    """An instance of a foreign class, whatever its constructor wants."""
    if issubclass(kind, openai.APIStatusError):
        status = getattr(kind, "status_code", 500)
        response = httpx2.Response(status if isinstance(status, int) else 500, request=REQUEST)
        return (
            kind(response=response, body=None) if kind is openai.OAuthError else kind("m", response=response, body=None)
        )
    instance = kind.__new__(kind)
    instance.args = ("said",)
    if isinstance(instance, httpx2.HTTPStatusError):
        instance.response = httpx2.Response(503, request=REQUEST)
    return instance


FOUND = sorted({*exceptions_of(openai), *exceptions_of(httpx2)}, key=lambda kind: kind.__name__)


def test_the_walk_finds_the_classes() -> None:
    assert {openai.APIConnectionError, httpx2.ReadTimeout} <= set(FOUND)
    assert len(FOUND) > 40


@pytest.mark.parametrize("kind", FOUND, ids=lambda kind: f"{kind.__module__.split('.')[0]}.{kind.__name__}")
def test_no_foreign_exception_is_unmapped(kind: type[BaseException]) -> None:
    assert issubclass(kind, FOREIGN)
    ours = to_provider_error(made(kind), base_url=HERE)
    assert isinstance(ours, ProviderError)
    assert type(ours) is not ProviderError
    assert ours.message
    assert "\n" not in ours.message


def chained(*links: BaseException) -> BaseException:
    for outer, inner in pairwise(links):
        outer.__cause__ = inner
    return links[0]


SDK_TIMEOUT = openai.APITimeoutError(REQUEST)
SDK_CONNECTION = openai.APIConnectionError(request=REQUEST)


@pytest.mark.parametrize(
    ("links", "begun", "kind"),
    [
        ([SDK_TIMEOUT, httpx2.ConnectTimeout("x"), ConnectionRefusedError(111, "refused")], False, "connection"),
        ([SDK_TIMEOUT, httpx2.ConnectTimeout("no connection within 1 s"), TimeoutError()], False, "timeout"),
        ([SDK_TIMEOUT, httpx2.PoolTimeout("x")], False, "timeout"),
        ([SDK_CONNECTION, httpx2.ConnectError("x"), socket.gaierror(-2, "unknown")], False, "connection"),
        ([SDK_CONNECTION, httpx2.ConnectError("x"), ssl.SSLCertVerificationError("self-signed")], False, "connection"),
        ([httpx2.ReadError("x"), ConnectionResetError(104, "reset")], True, "stream_cut"),
        ([httpx2.ReadError("x"), ConnectionResetError(104, "reset")], False, "connection"),
        ([httpx2.RemoteProtocolError("peer closed connection without sending complete body")], True, "stream_cut"),
        ([SDK_CONNECTION, httpx2.RemoteProtocolError("Server disconnected")], False, "connection"),
        ([SDK_CONNECTION, httpx2.RemoteProtocolError("not HTTP")], False, "malformed"),
        ([httpx2.ReadTimeout("x")], True, "timeout"),
        ([BrokenPipeError(32, "pipe")], True, "stream_cut"),
        ([OSError(24, "too many open files")], False, "connection"),
        ([asyncio.IncompleteReadError(b"", 7)], True, "stream_cut"),
        ([httpx2.UnsupportedProtocol("ftp")], False, "bad_request"),
    ],
)
def test_the_telling_cause_decides(links: list[BaseException], begun: bool, kind: str) -> None:
    ours = to_provider_error(chained(*links), base_url=HERE, begun=begun)
    assert ours.kind == kind


def test_our_own_errors_pass_as_they_are() -> None:
    mine = errors.RateLimited("slow", retry_after=3)
    assert to_provider_error(mine, base_url=HERE) is mine
