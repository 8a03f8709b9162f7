import json
from dataclasses import replace
from typing import Any

import pytest

from persona_batch.chat import Message, Params
from persona_batch.errors import BadRequest
from persona_batch.provider.contract import Request
from persona_batch.provider.dialect import Dialect, encode_body, encode_whole, sent_messages
from persona_batch.provider.presets import CUSTOM, PRESETS, Preset

USER = (Message("user", "你好"),)


def body(
    params: Params | None = None,
    *,
    messages: tuple[Message, ...] = USER,
    preset: Preset = CUSTOM,
    extra: Params | None = None,
    stream_options: bool = False,
    renamed: tuple[tuple[str, str], ...] = (),
) -> dict[str, Any]:
    request = Request("m", messages, params or {})
    dialect = replace(Dialect.of(preset), stream_options=stream_options)
    sent = encode_body(request, messages, extra or {}, replace(dialect, renamed=renamed) if renamed else dialect)
    decoded: dict[str, Any] = json.loads(sent)
    return decoded


def test_a_body_is_what_was_asked_and_streamed() -> None:
    named = (Message("system", ""), Message("user", "hi", "八戒"))
    assert body({"temperature": 0.7}, messages=named, stream_options=True) == {
        "model": "m",
        "messages": [{"role": "system", "content": ""}, {"role": "user", "content": "hi", "name": "八戒"}],
        "temperature": 0.7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_extra_body_has_the_last_word_but_not_on_streaming() -> None:
    sent = body({"top_k": 1}, extra={"top_k": 2, "enable_thinking": False, "stream": False})
    assert (sent["top_k"], sent["enable_thinking"], sent["stream"]) == (2, False, True)


def test_openai_calls_the_limit_by_another_name() -> None:
    assert body({"max_tokens": 9}, preset=PRESETS["openai"])["max_completion_tokens"] == 9
    assert body({"max_tokens": 9})["max_tokens"] == 9


def test_developer_messages_go_out_as_system_where_the_role_is_unknown() -> None:
    messages = (Message("developer", "你是孙悟空"), Message("user", "你好"))
    assert sent_messages(messages, PRESETS["openai"]) is messages
    assert sent_messages(messages, PRESETS["dashscope"]) == (Message("system", "你是孙悟空"), messages[1])
    assert sent_messages(USER, PRESETS["dashscope"]) is USER


@pytest.mark.parametrize(
    ("params", "messages", "words"),
    [
        ({}, (), "no message"),
        ({"max_tokens": 0}, USER, "max_tokens is 0"),
        ({"max_completion_tokens": -1}, USER, "max_completion_tokens"),
        ({"temperature": -0.1}, USER, "temperature"),
        ({"temperature": float("nan")}, USER, "temperature"),
        ({}, (Message("user", "\ud83d"),), "surrogate"),
        ({"stop": {1, 2}, "seed": object()}, USER, "JSON"),
    ],
)
def test_what_makes_no_sense_is_not_sent(params: Params, messages: tuple[Message, ...], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        body(params, messages=messages)


MAX, NEW = {"max_tokens": 9}, {"max_completion_tokens": 9}
NEWER, OLDER = {"max_tokens": "max_completion_tokens"}, {"max_completion_tokens": "max_tokens"}


@pytest.mark.parametrize(
    ("said", "params", "renamed"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model.",
            MAX,
            NEWER,
        ),
        ("Use 'max_completion_tokens' instead of max_tokens", MAX, NEWER),
        ("unexpected keyword argument 'max_tokens'", MAX, NEWER),
        ("不支持参数 max_tokens", MAX, NEWER),
        (
            "Extra inputs are not permitted: max_completion_tokens",
            NEW,
            OLDER,
        ),
        ("max_tokens is too large: 9000; the model has 4096", MAX, None),
        ("Unsupported parameter: 'temperature'", MAX, None),
        ("Unsupported parameter: 'max_tokens'", {"temperature": 1}, None),
        ("Unsupported parameter: 'max_tokens'", {**MAX, "max_completion_tokens": 9}, None),
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_name_that_is_refused_has_another(
    said: str, params: Params, renamed: dict[str, str] | None, status: int
) -> None:
    learnt = Dialect().corrected(status, said, params)
    assert (None if learnt is None else dict(learnt.renamed)) == renamed
    if learnt is not None and renamed is not None:
        assert set(renamed.values()) <= body(params, renamed=learnt.renamed).keys()
        assert not renamed.keys() & body(params, renamed=learnt.renamed).keys()
        assert Dialect().corrected(429, said, params) is None


def test_the_other_name_of_the_other_name_is_the_first() -> None:
    native = Dialect.of(PRESETS["openai"])
    learnt = native.corrected(400, "Unrecognized request argument supplied: max_completion_tokens", MAX)
    assert learnt == Dialect()
    assert learnt.corrected(400, "max_tokens is not supported", MAX) == native


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize("said", ["unknown field stream_options", "include_usage: extra inputs", "stream_options?"])
def test_stream_options_that_are_refused_are_left_out(said: str, status: int) -> None:
    assert Dialect().corrected(status, said, {}) == Dialect(stream_options=False)
    assert Dialect(stream_options=False).corrected(status, said, {}) is None


@pytest.mark.parametrize("name", sorted(PRESETS))
@pytest.mark.parametrize(
    ("params", "extra"),
    [
        ({}, {}),
        ({"max_tokens": 9, "temperature": 0.5, "seed": 7}, {"top_k": 5}),
        ({"max_tokens": 9, "extra_body": {"top_k": 1, "enable_thinking": False}}, {"top_k": 5}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True, "stream_options": {}}),
    ],
)
def test_in_a_batch_file_the_same_is_asked_as_in_a_stream(name: str, params: Params, extra: Params) -> None:
    request = Request("m", (Message("developer", "Be brief."), Message("user", "Who?")), params)
    preset = PRESETS[name]
    sent = sent_messages(request.messages, preset)
    streamed = json.loads(encode_body(request, sent, extra, Dialect.of(preset)))
    whole = json.loads(encode_whole(request, preset, extra))
    assert not {"stream", "stream_options"} & whole.keys()
    assert whole == {name: value for name, value in streamed.items() if name not in ("stream", "stream_options")}


@pytest.mark.parametrize("params", [{"max_tokens": 0}, {"temperature": -1.0}, {"stop": object()}])
def test_what_makes_no_sense_goes_into_no_batch_file(params: Params) -> None:
    with pytest.raises(BadRequest):
        encode_whole(Request("m", USER, params), PRESETS["openai"], {})
