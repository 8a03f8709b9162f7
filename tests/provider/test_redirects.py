"""Redirects: the same request at another place, without its key where that is another origin."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from persona_batch.config.batch import RunSettings
from persona_batch.errors import AuthRefused, BadRequest, ConnectionFailed, ProviderError
from persona_batch.provider.connect import resolve
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import REPLY, ask
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer

KEY = {"MINE": "my-very-own-key-0123"}
WITH_KEYS = RunSettings(api_key_env="MINE", extra_headers={"X-Gate": "${MINE}", "X-Team": "a"})
GOOD = Act(reply=REPLY)
SECRET = {"authorization", "x-gate", "x-team"}


def to(location: str, status: int = 307) -> Act:
    """A redirect."""
    return Act(status=status, headers={"Location": location}, body="moved")


@asynccontextmanager
async def asking(server: FaultyServer, settings: RunSettings | None = None) -> AsyncIterator[OpenAIProvider]:
    """Yield a provider that asks a server."""
    chosen = settings or RunSettings()
    target = resolve(
        RunSettings(
            base_url=server.base_url,
            api_key_env=chosen.api_key_env,
            api_key_header=chosen.api_key_header,
            extra_headers=chosen.extra_headers,
        ),
        KEY,
    )
    async with OpenAIProvider(target, concurrency=2) as provider:
        yield provider


def replies(acts: Sequence[Act], *, asked: int = 1, settings: RunSettings | None = None) -> FaultyServer:
    """Ask one server, whose first answers are `acts`, and return it."""

    async def run() -> FaultyServer:
        async with FaultyServer(Script(acts=list(acts), default=GOOD)) as server, asking(server, settings) as provider:
            for _turn in range(asked):
                assert (await ask(provider)).text == REPLY
            return server

    return asyncio.run(run())


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("location", ["/other/v1/chat/completions", "../v2/chat/completions", "completions?region=eu"])
def test_a_redirect_repeats_the_request_with_its_body_and_its_key(location: str, status: int) -> None:
    server = replies([to(location, status)], settings=WITH_KEYS)
    first, second = server.requests
    assert second.path != first.path
    assert second.method == "POST"
    assert second.body == first.body
    assert second.headers.keys() >= SECRET


def test_a_chain_is_followed() -> None:
    server = replies([to(f"/{hop}/chat/completions") for hop in range(8)])
    assert [request.path for request in server.requests][-1] == "/7/chat/completions"


def test_a_redirect_of_a_later_request_is_followed_too() -> None:
    server = replies([GOOD, to("/b/chat/completions"), GOOD, to("/c/chat/completions", 308)], asked=3)
    assert [request.path for request in server.requests] == [
        "/v1/chat/completions",
        "/v1/chat/completions",
        "/b/chat/completions",
        "/v1/chat/completions",
        "/c/chat/completions",
    ]


@pytest.mark.parametrize("location", ["/v1/chat/completions", "/v1/chat/completions?again=1"])
def test_a_circle_has_an_end(location: str) -> None:
    async def run() -> int:
        async with FaultyServer(Script(default=to(location))) as server, asking(server) as provider:
            with pytest.raises(BadRequest, match="redirects without end"):
                await ask(provider)
            return len(server.requests)

    assert asyncio.run(run()) == 11


@pytest.mark.parametrize("header", [None, "api-key"])
def test_no_key_goes_to_another_origin_nor_comes_back_from_there(header: str | None) -> None:
    settings = RunSettings(api_key_env="MINE", api_key_header=header, extra_headers=WITH_KEYS.extra_headers)

    async def run() -> None:
        async with FaultyServer() as home, FaultyServer() as away:
            home.script = Script(acts=[to(f"{away.base_url}/chat/completions")], default=GOOD)
            home._acts = iter(home.script.acts)
            away._acts = iter([to(f"{home.base_url}/chat/completions")])
            async with asking(home, settings) as provider:
                assert (await ask(provider)).text == REPLY
            assert (len(home.requests), len(away.requests)) == (2, 1)
            assert "0123" in str(home.requests[0].headers)
            for request in (away.requests[0], home.requests[1]):
                assert "0123" not in str(request.headers)
                assert "x-team" not in request.headers
                assert request.body == home.requests[0].body
            assert away.requests[0].headers["host"] == f"127.0.0.1:{away.port}"

    asyncio.run(run())


def test_a_key_that_is_missed_at_another_origin_has_its_remedy() -> None:
    async def run() -> None:
        refused = Act(status=401, body=error_body("no key"))
        async with FaultyServer(Script(default=refused)) as away:
            moved = to(f"{away.base_url}/chat/completions?ticket=hush")
            async with FaultyServer(Script(default=moved)) as home, asking(home, WITH_KEYS) as provider:
                with pytest.raises(AuthRefused, match="another origin, where no key is sent") as caught:
                    await ask(provider)
            assert f"redirects to {away.base_url}," in caught.value.message
            assert "hush" not in caught.value.message

    asyncio.run(run())


@pytest.mark.parametrize("status", [301, 302, 303])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://new.test/v1/chat/completions", "https://new.test/v1"),
        ("https://me:hush@new.test/v1/chat/completions?key=hush", "https://new.test/v1"),
        ("/v2/chat/completions", "/v2;"),
    ],
)
def test_what_would_make_a_get_of_a_post_is_an_error_that_names_the_new_address(
    status: int, location: str, shown: str
) -> None:
    async def run() -> ProviderError:
        async with FaultyServer(Script(default=to(location, status))) as server, asking(server) as provider:
            with pytest.raises(BadRequest) as caught:
                await ask(provider)
            assert len(server.requests) == 1
            return caught.value

    said = asyncio.run(run()).message
    assert shown in said
    assert "set the base URL to that" in said
    assert "hush" not in said


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_list_of_models_may_have_moved(status: int) -> None:
    async def run() -> list[str]:
        async with FaultyServer(Script(models=["there"])) as away:
            moved = to(f"{away.base_url}/models", status)
            async with FaultyServer(Script(models_act=moved)) as home, asking(home, WITH_KEYS) as provider:
                models = await provider.models()
            assert not SECRET & away.requests[0].headers.keys()
            assert "authorization" in home.requests[0].headers
            return models

    assert asyncio.run(run()) == ["there"]


@pytest.mark.parametrize("location", ["http://[bad", "ftp://host/v1", "http://:0:0/"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_to_nowhere_is_an_error(location: str, status: int) -> None:
    async def run() -> None:
        async with FaultyServer(Script(default=to(location, status))) as server, asking(server) as provider:
            with pytest.raises(ProviderError) as caught:
                await ask(provider)
            assert not caught.value.retryable or caught.value.kind == "connection"

    asyncio.run(run())


def test_a_redirect_to_where_nobody_is_names_that_place() -> None:
    async def run() -> str:
        moved = Script(default=to("http://127.0.0.1:1/v1?key=a"))
        async with FaultyServer(moved) as server, asking(server) as provider:
            with pytest.raises(ConnectionFailed) as caught:
                await ask(provider)
        return caught.value.message

    message = asyncio.run(run())
    assert "redirects to http://127.0.0.1:1/v1, where nobody answers" in message
