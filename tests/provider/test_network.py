"""The way to an endpoint as the environment has it: proxies that are, are not, or cannot be; and certificates."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from persona_batch.config.batch import RunSettings
from persona_batch.errors import ConnectionFailed, ProviderError, UsageError
from persona_batch.provider.connect import choose_models, open_provider, resolve
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.network import proxy_for, trusted
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import REPLY, ask
from provider.raw_server import answering
from servers.act import Act, Script
from servers.faulty import FaultyServer

HERE, SECURE = "http://endpoint.test/v1", "https://endpoint.test/v1"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "url", "named"),
    [
        ({}, HERE, None),
        ({"http_proxy": "http://127.0.0.1:9"}, HERE, "the proxy 127.0.0.1:9 (http_proxy)"),
        ({"HTTP_PROXY": "127.0.0.1:9"}, HERE, "the proxy 127.0.0.1:9 (HTTP_PROXY)"),
        ({"ALL_PROXY": "http://me:hush@gate:9/"}, HERE, "the proxy gate:9 (ALL_PROXY)"),
        (
            {"HTTPS_PROXY": "http://gate:9", "ALL_PROXY": "http://all:9"},
            "https://h/v1",
            "the proxy gate:9 (HTTPS_PROXY)",
        ),
        ({"https_proxy": "http://127.0.0.1:9"}, HERE, None),
        ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "endpoint.test"}, HERE, None),
        ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "localhost, .test"}, HERE, None),
        ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "localhost, *"}, HERE, None),
        ({"http_proxy": "http://gate:9", "no_proxy": "10.0.0.0/8"}, "http://10.1.2.3:8000/v1", None),
        ({"http_proxy": "http://gate:9", "no_proxy": "h:8000"}, "http://h:8000/v1", None),
        ({"http_proxy": "http://gate:9", "no_proxy": "10.0.0.0/8"}, HERE, "the proxy gate:9 (http_proxy)"),
        ({"http_proxy": "http://gate:9", "https_proxy": "garbage://"}, HERE, "the proxy gate:9 (http_proxy)"),
    ],
)
def test_a_proxy_is_noticed(
    variables: dict[str, str], url: str, named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(url)
    assert (None if found is None else str(found)) == named
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("socks://127.0.0.1:9/", "scheme 'socks'"),
        ("socks4://127.0.0.1:9", "scheme 'socks4'"),
        ("ftp://gate:21", "scheme 'ftp'"),
        ("socks5://127.0.0.1:9", "pip install socksio"),
        ("socks5h://me:hush@127.0.0.1:9", "pip install socksio"),
        ("::::", "http://host:port"),
        ("http://[::1", "http://host:port"),
        ("not a proxy", "http://host:port"),
        ("http://", "http://host:port"),
        ("http://me:hush@gate:99999", "http://host:port"),
    ],
)
@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_proxy_that_cannot_be_used_is_named_with_its_variable(
    value: str, words: str, variable: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    async def run() -> None:
        target = resolve(RunSettings(base_url=HERE), {})
        async with open_provider(target, concurrency=1, timeouts=Timeouts(), workers=workers):
            pass

    with pytest.raises(UsageError) as caught:
        asyncio.run(run())
    assert str(caught.value).startswith(f"{variable}: ")
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def through(proxy: str, monkeypatch: pytest.MonkeyPatch, base_url: str = HERE) -> ProviderError:
    """Ask for the models through a proxy, and return the error of its kind that comes of it."""
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", proxy)

    async def run() -> None:
        target = resolve(RunSettings(base_url=base_url), {})
        async with OpenAIProvider(target, concurrency=1, timeouts=Timeouts(connect=2.0)) as provider:
            await choose_models(provider, ["m"])

    with pytest.raises(UsageError) as caught:
        asyncio.run(run())
    assert isinstance(caught.value.__cause__, ProviderError)
    return caught.value.__cause__


@pytest.mark.parametrize("base_url", [HERE, SECURE])
@pytest.mark.parametrize("proxy", ["http://me:hush@127.0.0.1:9", "http://name.invalid:8080", "https://127.0.0.1:9"])
def test_a_proxy_that_is_down_is_at_fault_and_not_the_endpoint(
    proxy: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = through(proxy, monkeypatch, base_url)
    assert isinstance(error, ConnectionFailed)
    assert "_proxy)" in error.message
    assert "or unset it" in error.message
    assert "hush" not in error.message


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n"],
    ids=["another program", "hangs up", "wants a password"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_no_proxy_for_us_is_named(answer: bytes, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> str:
        async with answering([answer], close=True) as server:
            place = server.url.removesuffix("/v1")
            return (await asyncio.to_thread(through, place, monkeypatch, f"{scheme}://endpoint.test/v1")).message

    said = asyncio.run(run())
    assert "the proxy 127.0.0.1:" in said
    assert f"({scheme}_proxy)" in said


def securely(*, host: str = "127.0.0.1", authority: trustme.CA) -> str:
    """Return the reply of a server whose certificate is for `host`."""

    async def run() -> str:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(tls)
        async with FaultyServer(Script(default=Act(reply=REPLY)), tls=tls) as server:
            target = resolve(RunSettings(base_url=server.base_url), {})
            async with OpenAIProvider(target, concurrency=1) as provider:
                return (await ask(provider)).text

    return asyncio.run(run())


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_is_trusted_by_the_file_that_is_named(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    assert securely(authority=authority) == REPLY


def test_the_file_of_this_program_wins_over_that_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = trustme.CA(), trustme.CA()
    mine.cert_pem.write_to_path(str(tmp_path / "mine.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mine.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    assert securely(authority=mine) == REPLY
    with pytest.raises(ConnectionFailed, match="SSL_CERT_FILE"):
        securely(authority=other)


def test_a_folder_of_certificates_is_read_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert securely(authority=authority) == REPLY


def test_an_untrusted_certificate_has_its_remedy() -> None:
    with pytest.raises(ConnectionFailed, match="name a file with that certificate by SSL_CERT_FILE"):
        securely(authority=trustme.CA())


def test_a_certificate_for_another_host_has_another_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(ConnectionFailed, match="name the host in the base URL") as caught:
        securely(authority=authority, host="other.test")
    assert "SSL_CERT_FILE" not in caught.value.message


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_certificates_that_are_none_are_named_with_their_variable(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match=f"{variable}: .*nowhere: No such file"):
        trusted()
    (tmp_path / "nowhere").write_text("no certificate")
    with pytest.raises(UsageError, match=f"{variable}: .*nowhere: it holds no certificate"):
        trusted()
