"""From settings to a target and its models: what is sent where, and what is refused before anything is."""

import asyncio
from collections.abc import Mapping
from typing import cast

import pytest

from engine.virtual_time import run_virtually
from persona_batch.config.batch import RunSettings
from persona_batch.credentials import Secret
from persona_batch.errors import UsageError
from persona_batch.provider.connect import choose_models, open_provider, resolve
from persona_batch.provider.contract import Provider, Timeouts
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.provider.presets import PRESETS
from persona_batch.provider.scripted import ScriptedProvider
from provider.asking import ask, talk
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer

OPENAI = {"OPENAI_API_KEY": "sk-0123456789abcdef"}


def test_the_embedded_model_is_the_default() -> None:
    target = resolve(RunSettings(), {})
    assert (target.name, target.identity, target.api_key, target.key_fingerprint) == ("local", "local", None, "none")
    assert target.preset.params["max_tokens"] == 96


def test_openai_takes_its_key_and_its_base_url_from_the_environment() -> None:
    target = resolve(RunSettings(provider="openai"), OPENAI)
    assert (target.identity, target.base_url) == ("openai", "https://api.openai.com/v1")
    assert target.api_key is not None
    assert target.api_key.reveal() == OPENAI["OPENAI_API_KEY"]
    moved = resolve(RunSettings(provider="openai"), {**OPENAI, "OPENAI_BASE_URL": "http://gate:8080/v1/"})
    assert (moved.identity, moved.base_url) == ("http://gate:8080/v1", "http://gate:8080/v1")


def test_a_base_url_alone_gets_no_key_whatever_the_environment_holds() -> None:
    target = resolve(RunSettings(base_url="http://host/v1"), OPENAI)
    assert (target.name, target.identity, target.api_key) == ("custom", "http://host/v1", None)


def test_a_named_variable_is_where_the_key_comes_from() -> None:
    target = resolve(RunSettings(base_url="http://host/v1", api_key_env="MINE"), {"MINE": "abcdefgh"})
    assert target.api_key is not None
    assert target.api_key.reveal() == "abcdefgh"


def test_the_first_variable_that_is_set_wins() -> None:
    env = {"MODELSCOPE_SDK_TOKEN": "the-second-one"}
    key = resolve(RunSettings(provider="modelscope"), env).api_key
    assert key is not None
    assert key.reveal() == "the-second-one"


def test_a_key_shows_itself_nowhere() -> None:
    target = resolve(RunSettings(provider="openai", extra_headers={"X-Api-Key": "hush-hush-hush"}), OPENAI)
    assert "0123456789" not in repr(target)
    assert "hush" not in repr(target)
    assert target.key_fingerprint not in ("none", OPENAI["OPENAI_API_KEY"])
    assert target.redactor.clean("sent hush-hush-hush and sk-0123456789abcdef") == "sent [key] and [key]"


@pytest.mark.parametrize(
    ("settings", "env", "words"),
    [
        (RunSettings(provider="opnai"), {}, "did you mean `openai`"),
        (RunSettings(provider="qqqq"), {}, "known are local, openai"),
        (RunSettings(provider="openai"), {}, "OPENAI_API_KEY=… into .env"),
        (RunSettings(base_url="http://h/v1", api_key_env="MINE"), {}, "MINE is not set"),
        (RunSettings(provider="openai"), {"OPENAI_API_KEY": "sk-line\nbreak"}, "the key in OPENAI_API_KEY"),
        (RunSettings(provider="openai"), {"OPENAI_API_KEY": "sk-ключ"}, "outside ASCII"),
        (RunSettings(provider="local", base_url="http://h/v1"), {}, "has none"),
        (RunSettings(provider="openai"), {**OPENAI, "OPENAI_BASE_URL": "gate"}, "OPENAI_BASE_URL"),
        (RunSettings(base_url="http://h/v1", extra_headers={"X-A": "b\r\nEvil: 1"}), {}, "extra_headers: 'X-A'"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(settings: RunSettings, env: Mapping[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(settings, env)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    for value in env.values():
        assert value not in str(caught.value) or value == "gate"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_resolves(name: str) -> None:
    preset = PRESETS[name]
    target = resolve(RunSettings(provider=name), dict.fromkeys(preset.key_env, "k" * 20))
    assert target.identity == name
    assert preset.base_url.startswith("http") or name == "local"


def models_of(script: Script, *asked: str) -> list[str]:
    async def choose(provider: OpenAIProvider, server: FaultyServer) -> list[str]:
        return await choose_models(provider, asked)

    return talk(script, choose)


def test_the_only_model_is_chosen_and_a_named_one_accepted() -> None:
    assert models_of(Script(models=["one"])) == ["one"]
    assert models_of(Script(models=["one", "two"]), "two") == ["two"]


def test_an_endpoint_without_a_list_is_taken_at_the_users_word() -> None:
    assert models_of(Script(models=None), "any") == ["any"]


@pytest.mark.parametrize(
    ("script", "asked", "words"),
    [
        (Script(models=["one", "two"]), (), "one, two"),
        (Script(models=[f"m{i:02}" for i in range(30)]), (), "m19 and 10 more"),
        (Script(models=[]), (), "--model"),
        (Script(models=None), (), "name one by --model"),
        (Script(api_key="right"), (), "refused the key"),
    ],
)
def test_a_missing_choice_lists_what_there_is(script: Script, asked: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        models_of(script, *asked)
    assert words in str(caught.value)


class Listing(ScriptedProvider):
    """An endpoint with these models."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._listed = names

    async def models(self) -> list[str]:
        return self._listed


def test_a_model_that_is_certainly_not_there_has_a_nearest_name() -> None:
    provider = Listing(["Qwen3-8B", "Qwen3-32B"])
    with pytest.raises(UsageError, match="did you mean Qwen3-"):
        asyncio.run(choose_models(provider, ["Qwen3-8b"], lists_all=True))


def test_a_model_that_is_not_listed_may_be_an_alias() -> None:
    said: list[str] = []
    provider = Listing(["qwen-plus-2026"])
    assert asyncio.run(choose_models(provider, ["qwen-plus"], note=said.append)) == ["qwen-plus"]
    assert "qwen-plus-2026" in said[0]


def test_an_unreachable_host_is_named_with_its_remedy() -> None:
    async def run() -> None:
        async with open_provider(
            resolve(RunSettings(base_url="http://127.0.0.1:1/v1"), {}), concurrency=1, timeouts=Timeouts()
        ) as provider:
            await choose_models(provider, [])

    with pytest.raises(UsageError, match=r"refused by http://127\.0\.0\.1:1/v1; is the server running"):
        asyncio.run(run())


def sent_headers(settings: RunSettings, env: Mapping[str, str]) -> dict[str, str]:
    async def headers(provider: OpenAIProvider, server: FaultyServer) -> dict[str, str]:
        await ask(provider)
        return server.chats[0].headers

    return talk(Script(), headers, settings=settings, env=env)


def test_nothing_of_the_sdks_environment_leaks_to_another_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-leak-leak-leak")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-leak-leak-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "leak-org")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "leak-project")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: leak\nAuthorization: Bearer leak")
    bare = sent_headers(RunSettings(), {})
    assert "authorization" not in bare
    assert "leak" not in str(bare)
    assert not [name for name in bare if name.startswith(("x-stainless", "openai"))]
    keyed = sent_headers(RunSettings(api_key_env="MINE"), {"MINE": "my-own-key"})
    assert keyed["authorization"] == "Bearer my-own-key"
    assert "leak" not in str(keyed)
    custom = sent_headers(RunSettings(extra_headers={"Authorization": "Basic mine"}), {})
    assert custom["authorization"] == "Basic mine"


def test_without_a_key_no_request_says_anything_about_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-leak-leak-leak")

    async def sent(provider: OpenAIProvider, server: FaultyServer) -> list[dict[str, str]]:
        await provider.models()
        await ask(provider)  # as the SDK builds it
        await ask(provider)  # as we send it after the first
        return [request.headers for request in server.requests]

    requests = talk(Script(), sent, settings=RunSettings(), env={})
    assert len(requests) == 3
    for headers in requests:
        assert not {"authorization", "api-key", "x-api-key", "proxy-authorization"} & headers.keys()
        assert "none" not in headers.values()
        assert "leak" not in str(headers)


def test_extra_headers_and_body_pass_through() -> None:
    async def seen(provider: OpenAIProvider, server: FaultyServer) -> tuple[str, object, object]:
        await ask(provider, params={"temperature": 0.5})
        body = server.chats[0].body
        return server.chats[0].headers["x-team"], body["enable_thinking"], body["temperature"]

    settings = RunSettings(extra_headers={"X-Team": "a"}, extra_body={"enable_thinking": False})
    assert talk(Script(), seen, settings=settings) == ("a", False, 0.5)


def test_the_tool_names_itself() -> None:
    assert sent_headers(RunSettings(), {})["user-agent"].startswith("persona-batch/")


@pytest.mark.parametrize(
    "act",
    [
        Act(status=401, body=error_body("Missing scopes: api.model.read")),
        Act(status=403, body=error_body("not for this key")),
        Act(status=404, body="<html><title>Not Found</title></html>"),
        Act(status=405, body="method not allowed"),
        Act(status=429, body=error_body("too many requests")),
        Act(status=500, body=error_body("x")),
        Act(body="<html><title>Welcome</title></html>"),
        Act(body="[]"),
    ],
    ids=lambda act: f"{act.status} {act.body[:7]}",
)
def test_a_list_of_models_that_fails_does_not_stop_a_named_model(act: Act) -> None:
    assert models_of(Script(models_act=act), "any") == ["any"]
    with pytest.raises(UsageError):
        models_of(Script(models_act=act))


@pytest.mark.parametrize(
    "act",
    [
        Act(raw=""),
        Act(reset_after=0),
        Act(body='{"data":[', cut_after=5),
        Act(status=302, headers={"Location": "http://127.0.0.1:1/login"}),
        Act(status=307, headers={"Location": "ftp://127.0.0.1/models"}),
    ],
    ids=repr,
)
def test_an_endpoint_that_hangs_up_on_the_list_of_models_is_asked_for_a_named_one(act: Act) -> None:
    assert models_of(Script(models_act=act), "any") == ["any"]
    with pytest.raises(UsageError):
        models_of(Script(models_act=act))


class NeverLists:
    """A provider whose list of models never comes."""

    name = identity = "silent"

    async def models(self) -> list[str]:
        await asyncio.Event().wait()
        return []


def test_a_list_of_models_that_never_comes_is_waited_for_a_short_while() -> None:
    said: list[str] = []
    provider = cast("Provider", NeverLists())
    assert run_virtually(choose_models(provider, ["a", "b"], note=said.append)) == ["a", "b"]
    assert "within 12 s" in said[0]


ELSEWHERE = [
    RunSettings(provider="openai", base_url="http://gate:8080/v1"),
    RunSettings(provider="zhipu", base_url="https://mirror.test/api/paas/v4"),
    RunSettings(provider="modelscope", base_url="http://localhost:1/v1"),
]


@pytest.mark.parametrize("settings", ELSEWHERE, ids=lambda settings: settings.provider)
def test_what_is_peculiar_to_an_endpoint_is_not_so_at_another_host(settings: RunSettings) -> None:
    preset = resolve(settings, dict.fromkeys(PRESETS[settings.provider or ""].key_env, "k" * 20)).preset
    assert (preset.stream_options, preset.developer_role, preset.max_tokens_name) == (True, False, "max_tokens")
    assert preset.per_day is None


def test_it_holds_for_every_path_of_its_own_host() -> None:
    for path in ("/v1", "/v2/beta"):
        preset = resolve(RunSettings(provider="openai", base_url=f"https://api.openai.com{path}"), OPENAI).preset
        assert preset is PRESETS["openai"]


def test_the_variable_for_another_host_counts_as_one() -> None:
    preset = resolve(RunSettings(provider="openai"), {**OPENAI, "OPENAI_BASE_URL": "http://gate/v1"}).preset
    assert preset.max_tokens_name == "max_tokens"


@pytest.mark.parametrize("query", ["?api-version=2024-06-01", "?api-version=1&region=eu", "?x="])
def test_routes_stand_before_the_query_of_a_base_url(query: str) -> None:
    async def seen(provider: OpenAIProvider, server: FaultyServer) -> list[str]:
        assert provider.identity == f"{server.base_url}{query}"
        await provider.models()
        await ask(provider)  # as the SDK builds it
        await ask(provider)  # as we send it after the first
        return [request.path for request in server.requests]

    chat = f"/v1/chat/completions{query}"
    assert talk(Script(), seen, query=query) == [f"/v1/models{query}", chat, chat]


@pytest.mark.parametrize("header", ["api-key", "X-Api-Key", "Ocp-Apim-Subscription-Key", "authorization"])
@pytest.mark.parametrize("provider", [None, "openai"])
def test_a_key_goes_into_the_header_that_is_named(header: str, provider: str | None) -> None:
    settings = RunSettings(provider=provider, api_key_env="MINE", api_key_header=header)
    sent = sent_headers(settings, {"MINE": "my-very-own-key-1"})
    bearer = header == "authorization"
    assert sent[header.lower()] == ("Bearer my-very-own-key-1" if bearer else "my-very-own-key-1")
    assert ("authorization" in sent) is bearer
    assert "none" not in sent.values()


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ({"api-key": "${MINE}"}, {"api-key": "my-very-own-key-1"}),
        ({"Authorization": "Bearer ${MINE}"}, {"authorization": "Bearer my-very-own-key-1"}),
        ({"X-Both": "${MINE}:${OTHER}", "X-Team": "a"}, {"x-both": "my-very-own-key-1:second", "x-team": "a"}),
    ],
)
def test_a_variable_in_an_extra_header_stands_for_its_value_and_is_a_key(
    written: dict[str, str], sent: dict[str, str]
) -> None:
    env = {"MINE": "my-very-own-key-1", "OTHER": "second"}
    settings = RunSettings(base_url="http://host/v1", extra_headers=written)
    assert sent.items() <= sent_headers(settings, env).items()
    target = resolve(settings, env)
    assert "my-very-own" not in repr(target)
    assert target.redactor.clean("I was sent my-very-own-key-1") == "I was sent [key]"
    assert target.key_fingerprint == Secret("my-very-own-key-1").fingerprint
    assert resolve(settings, {}, need_key=False).headers.keys() <= {"X-Team"}
    with pytest.raises(UsageError, match=r"MINE, which is not set; export it or put MINE=… into \.env"):
        resolve(settings, {})


def test_a_variable_with_a_line_break_is_no_header() -> None:
    with pytest.raises(UsageError, match="'api-key' has a line break") as caught:
        resolve(RunSettings(base_url="http://h/v1", extra_headers={"api-key": "${K}"}), {"K": "hush\nEvil: 1"})
    assert "hush" not in str(caught.value)


def test_a_header_for_a_key_without_a_key_is_refused() -> None:
    with pytest.raises(UsageError, match="api_key_env"):
        resolve(RunSettings(base_url="http://h/v1", api_key_header="api-key"), {})
