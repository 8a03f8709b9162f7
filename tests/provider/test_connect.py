"""From settings to a target and its models: what is sent where, and what is refused before anything is."""

import asyncio
from collections.abc import Mapping

import pytest

from persona_batch.config.batch import RunSettings
from persona_batch.errors import UsageError
from persona_batch.provider.base import Timeouts
from persona_batch.provider.connect import choose_models, open_provider, resolve
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
        (Script(api_key="right"), ("test-model",), "refused the key"),
    ],
)
def test_a_missing_choice_lists_what_there_is(script: Script, asked: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        models_of(script, *asked)
    assert words in str(caught.value)


def test_a_model_that_is_certainly_not_there_has_a_nearest_name() -> None:
    provider = ScriptedProvider(models=["Qwen3-8B", "Qwen3-32B"])
    with pytest.raises(UsageError, match="did you mean Qwen3-"):
        asyncio.run(choose_models(provider, ["Qwen3-8b"], lists_all=True))


def test_a_model_that_is_not_listed_may_be_an_alias() -> None:
    said: list[str] = []
    provider = ScriptedProvider(models=["qwen-plus-2026"])
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


def test_a_list_of_models_that_is_a_page_does_not_stop_a_named_model() -> None:
    page = Act(status=500, body=error_body("x"))
    assert models_of(Script(models=None, default=page), "any") == ["any"]
