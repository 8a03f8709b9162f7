import json
from typing import Any

import pytest

from persona_batch.chat import Usage
from persona_batch.provider.base import Chunk
from persona_batch.provider.chunks import decode_chunk
from persona_batch.provider.odd_chunks import ErrorPayload, NotAChunk, OddChunk, decode_odd


def decoded(body: Any) -> Chunk:
    return decode_chunk(json.dumps(body, ensure_ascii=False).encode())


def with_delta(delta: Any, **choice: Any) -> Chunk:
    return decoded({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, **choice}]})


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ({"role": "assistant", "content": ""}, Chunk()),
        ({"role": "assistant"}, Chunk()),
        ({"content": None}, Chunk()),
        (None, Chunk()),
        ({}, Chunk()),
        ({"content": "俺老孙"}, Chunk(content="俺老孙")),
        ({"content": None, "reasoning_content": "hm"}, Chunk(reasoning="hm")),
        ({"reasoning": "hm"}, Chunk(reasoning="hm")),
        ({"reasoning_content": "hm", "reasoning": "hm"}, Chunk(reasoning="hm")),
        ({"content": "a", "reasoning": {"odd": 1}}, Chunk(content="a")),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, Chunk(content="ab")),
        ({"refusal": "no"}, Chunk(refusal="no")),
        ({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}, Chunk()),
    ],
)
def test_a_delta_is_flattened(delta: Any, expected: Chunk) -> None:
    assert with_delta(delta) == expected


def test_empty_choices_are_a_chunk_of_their_own() -> None:
    usage = {"prompt_tokens": 22, "completion_tokens": 180, "total_tokens": 202}
    assert decoded({"choices": [], "usage": usage}).usage == Usage(22, 180, 202)
    assert decoded({"choices": []}) == Chunk()
    assert decoded({"usage": usage}).usage == Usage(22, 180, 202)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, None),
        ({"prompt_tokens": 7}, Usage(prompt_tokens=7)),
        ({"prompt_tokens": 7, "completion_tokens": None}, Usage(prompt_tokens=7)),
        ({"prompt_tokens": "7", "completion_tokens": 3.0}, Usage(7, 3, None)),
        ({"prompt_tokens": 1, "total_tokens": 1, "prompt_tokens_details": {"cached": 0}}, Usage(1, None, 1)),
        ("odd", None),
    ],
)
def test_usage_is_what_the_endpoint_said_and_never_a_made_up_zero(usage: Any, expected: Usage | None) -> None:
    assert decoded({"choices": [{"delta": {"content": "a"}}], "usage": usage}) == Chunk("a", usage=expected)


def test_usage_inside_the_choice_counts() -> None:
    assert with_delta({}, finish_reason="stop", usage={"prompt_tokens": 7}).usage == Usage(prompt_tokens=7)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("eos", "stop"),
        ("max_tokens", "length"),
        ("", None),
        (None, None),
        ("sensitive", "content_filter"),
        ("tool_calls", "tool_calls"),
    ],
)
def test_finish_reasons_are_brought_to_the_usual_words(said: str | None, meant: str | None) -> None:
    assert with_delta({}, finish_reason=said).finish_reason == meant


def test_only_the_first_choice_counts() -> None:
    second = {"index": 1, "delta": {"content": "b"}}
    assert decoded({"choices": [second]}) == Chunk()
    assert decoded({"choices": [second, {"index": 0, "delta": {"content": "a"}}]}).content == "a"
    assert decoded({"choices": [{"index": 0, "delta": {"content": "a"}}, second]}).content == "a"


def test_model_and_fingerprint_are_kept() -> None:
    chunk = decoded({"model": "m", "system_fingerprint": "fp", "choices": []})
    assert (chunk.model, chunk.system_fingerprint) == ("m", "fp")


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no", "code": 500}},
        {"error": "no"},
        {"object": "error", "message": "no", "code": 400},
        {"code": "DataInspectionFailed", "message": "no"},
        {"error": {"message": "no"}, "choices": []},
    ],
)
def test_an_error_object_is_no_chunk(body: Any) -> None:
    with pytest.raises(ErrorPayload) as caught:
        decoded(body)
    assert caught.value.body == body


def test_an_empty_error_is_none() -> None:
    assert decoded({"error": None, "choices": [{"delta": {"content": "a"}}]}) == Chunk("a")


@pytest.mark.parametrize("payload", [b"", b"[DONE]", b"oops", b'{"choices":[{"del', b"[1]", b'"text"', b"7"])
def test_what_is_no_json_object_is_no_chunk(payload: bytes) -> None:
    with pytest.raises(NotAChunk):
        decode_chunk(payload)


def test_a_broken_character_inside_a_payload_is_replaced() -> None:
    assert decode_chunk(b'{"choices":[{"delta":{"content":"a\xe4\xbd"}}]}').content.startswith(
        "a\N{REPLACEMENT CHARACTER}"
    )
