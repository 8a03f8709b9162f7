"""Failures before and on the connection, against real servers and real sockets."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from persona_batch.config.batch import RunSettings
from persona_batch.errors import (
    AuthRefused,
    BadRequest,
    ConnectionFailed,
    ContentFiltered,
    ContextTooLong,
    MalformedReply,
    ModelUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerFailed,
    TimedOut,
)
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import REPLY, Answer, answer_to, ask, talk
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer


def ask_at(base_url: str, timeouts: Timeouts | None = None) -> Answer:
    async def run() -> Answer:
        target = resolve(RunSettings(base_url=base_url), {})
        async with OpenAIProvider(target, concurrency=1, timeouts=timeouts) as provider:
            return await ask(provider)

    return asyncio.run(run())


def test_a_refused_connection_is_no_time_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="refused") as caught:
        ask_at(f"http://127.0.0.1:{port}/v1")
    assert f"http://127.0.0.1:{port}/v1" in caught.value.message


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(ConnectionFailed, match=r"no such host: http://name\.invalid/v1"):
        ask_at("http://name.invalid/v1")


def test_a_host_that_does_not_accept_times_out_for_connecting() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            with pytest.raises(TimedOut, match="connecting"):
                ask_at(f"http://127.0.0.1:{port}/v1", Timeouts(connect=0.2))
        finally:
            for filler in fillers:
                filler.close()


def secure_server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def ask_securely(tls: ssl.SSLContext, change: Callable[[str], str] = str) -> Answer:
    async def run() -> Answer:
        async with FaultyServer(Script(default=Act(reply=REPLY)), tls=tls) as server:
            target = resolve(RunSettings(base_url=change(server.base_url)), {})
            async with OpenAIProvider(target, concurrency=1) as provider:
                return await ask(provider)

    return asyncio.run(run())


def test_an_untrusted_certificate_is_refused() -> None:
    with pytest.raises(ConnectionFailed, match="certificate"):
        ask_securely(secure_server(trustme.CA().issue_cert("127.0.0.1")))


def test_a_trusted_certificate_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert ask_securely(secure_server(authority.issue_cert("127.0.0.1"))).text == REPLY


def test_plain_http_to_a_tls_port_is_an_error() -> None:
    with pytest.raises(ProviderError) as caught:
        ask_securely(secure_server(trustme.CA().issue_cert("127.0.0.1")), lambda url: url.replace("https", "http"))
    assert caught.value.kind in ("connection", "malformed", "stream_cut")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error_body("bad temperature"), BadRequest),
        (400, error_body("too long", code="context_length_exceeded"), ContextTooLong),
        (400, error_body("the request exceeds", kind="exceed_context_size_error"), ContextTooLong),
        (400, error_body("no", code="data_inspection_failed"), ContentFiltered),
        (400, error_body("content management policy", code="content_filter"), ContentFiltered),
        (400, error_body("overdue", code="Arrearage"), QuotaExhausted),
        (401, error_body("no key"), AuthRefused),
        (402, error_body("Insufficient Balance"), QuotaExhausted),
        (403, error_body("this key may not"), AuthRefused),
        (403, "<html><title>Forbidden</title></html>", MalformedReply),
        (404, error_body("The model `x` does not exist", code="model_not_found"), ModelUnknown),
        (404, "no such route", BadRequest),
        (408, "", ServerFailed),
        (409, "", ServerFailed),
        (418, "short and stout", BadRequest),
        (422, error_body("unprocessable"), BadRequest),
        (429, error_body("slow down"), RateLimited),
        (429, error_body("You exceeded your current quota", code="insufficient_quota"), QuotaExhausted),
        (500, "", ServerFailed),
        (502, "<html><head><title>502 Bad Gateway</title></head></html>", ServerFailed),
        (520, "", ServerFailed),
        (529, error_body("overloaded"), ServerFailed),
    ],
)
def test_a_status_has_its_error(status: int, body: str, kind: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        answer_to(Act(status=status, body=body))
    assert type(caught.value) is kind
    assert caught.value.http_status == status
    assert caught.value.message.startswith(f"HTTP {status}")
    assert "<" not in caught.value.message
    assert caught.value.request_id == "req-1"


def test_retry_after_and_the_rate_limit_headers_arrive() -> None:
    with pytest.raises(RateLimited) as caught:
        answer_to(Act(status=429, body=error_body("slow"), headers={"Retry-After": "7"}))
    assert caught.value.retry_after == 7
    answer = answer_to(Act(headers={"X-RateLimit-Remaining-Requests": "3", "X-Other": "1"}))
    assert answer.info.headers == {"x-ratelimit-remaining-requests": "3"}


def test_a_key_that_the_endpoint_echoes_is_not_repeated() -> None:
    key = "sk-proj-0123456789abcdefghij"

    async def refused(provider: OpenAIProvider, server: FaultyServer) -> str:
        with pytest.raises(AuthRefused) as caught:
            await ask(provider)
        assert server.chats[0].headers["authorization"] == f"Bearer {key}"
        return f"{caught.value} {caught.value.message} {caught.value.args}"

    said = talk(
        Script(default=Act(status=401, body=error_body(f"Incorrect key {key}, or sk-proj-****ghij"))),
        refused,
        settings=RunSettings(api_key_env="MY_KEY"),
        env={"MY_KEY": key},
    )
    assert "[key]" in said
    assert "0123456789" not in said
    assert "ghij" not in said
