import json
from typing import Any

import pytest

from persona_batch.chat import Usage
from persona_batch.provider.chunks import ErrorPayload, NotAChunk, OddChunk, decode_chunk, decode_odd
from persona_batch.provider.contract import Chunk


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
        ({"prompt_tokens": 7, "completion_tokens": 2.5, "total_tokens": "many"}, Usage(7, None, None)),
        ({"prompt_tokens": True, "completion_tokens": 1e400}, None),
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


def test_the_one_choice_is_taken_whatever_its_index() -> None:
    seventh = {"index": 7, "delta": {"content": "a"}}
    odd = decoded({"choices": [seventh]})
    assert isinstance(odd, OddChunk)
    assert (odd.content, odd.index, odd.several) == ("a", 7, False)
    assert decoded({"choices": [{"index": None, "delta": {"content": "a"}}]}) == Chunk("a")
    assert decoded({"choices": [None, {"delta": {"content": "a"}}]}) == Chunk("a")


def test_of_several_choices_the_kept_one_is_taken_else_the_lowest() -> None:
    first, second = ({"index": index, "delta": {"content": text}} for index, text in enumerate("ab"))
    for choices in ([second, first], [first, second]):
        payload = json.dumps({"choices": choices}).encode()
        assert [decode_odd(payload, kept).content for kept in (None, 0, 1, 2)] == ["a", "a", "b", ""]


@pytest.mark.parametrize(
    ("said", "content", "reasoning"),
    [
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}]}, "a", "hm"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"text": "m"}]}]}, "", "hm"),
        ({"content": [{"type": "reasoning", "reasoning": "hm"}, "a"]}, "a", "hm"),
        ({"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}]}, "", "hm"),
        ({"content": [{"text": "hm", "thought": True}, {"text": "a"}]}, "a", "hm"),
        ({"content": {"type": "text", "text": {"value": "a", "annotations": []}}}, "a", ""),
        ({"content": [{"type": "redacted_thinking", "data": "00"}, {"type": "text", "text": "a"}]}, "a", ""),
        ({"content": [{"type": "refusal", "refusal": "no"}, {"type": "image_url", "image_url": {}}]}, "", ""),
        ({"reasoning_details": [{"type": "reasoning.text", "text": "h"}, {"text": "m", "signature": "x"}]}, "", "hm"),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}], "content": "a"}, "a", "hm"),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "00"}]}, "", ""),
        ({"reasoning": "hm", "reasoning_details": [{"text": "hm"}]}, "", "hm"),
        ({"reasoning_content": "hm", "content": [{"type": "thinking", "thinking": "hm"}]}, "", "hm"),
        ({"reasoning": {"text": "hm"}}, "", "hm"),
        ({"thinking": "hm", "content": "a"}, "a", "hm"),
        ({"thinking_blocks": [{"type": "thinking", "thinking": "hm"}], "content": ""}, "", "hm"),
        ("a", "a", ""),
    ],
)
@pytest.mark.parametrize("place", ["delta", "message"])
def test_text_and_reasoning_are_found_in_any_form(said: Any, content: str, reasoning: str, place: str) -> None:
    chunk = decoded({"choices": [{"index": 0, place: said, "finish_reason": None}]})
    assert (chunk.content, chunk.reasoning) == (content, reasoning)


def test_a_choice_may_have_its_text_beside_the_delta() -> None:
    assert decoded({"choices": [{"index": 0, "text": "a", "delta": {}, "logprobs": None}]}) == Chunk("a")
    assert decoded({"choices": [{"text": "a", "finish_reason": "eos"}]}) == Chunk("a", finish_reason="stop")
    assert decoded({"choices": [{"text": "a", "delta": {"content": "b"}}]}).content == "b"


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"type": "ping"},
        {"type": "keepalive", "message": "still there"},
        {"code": 0, "message": "processing"},
        {"code": "200", "status": "queued"},
        {"status": "in_progress", "message": "thinking"},
        {"choices": None},
        {"choices": {}},
        {"cost": 0.002},
        {"error": {"message": "", "code": 0}},
    ],
)
def test_what_only_keeps_the_connection_open_is_no_error(body: Any) -> None:
    with pytest.raises(NotAChunk):
        decoded(body)


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
        {"type": "error", "message": "no"},
        {"message": "no"},
        {"code": 1302, "msg": "no"},
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
