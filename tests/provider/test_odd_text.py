"""Replies whose text is not fit to be written as it comes, each against a real local HTTP server."""

import pytest

from persona_batch.errors import MalformedReply, ServerFailed
from provider.asking import answer_to
from servers.act import Act

END = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def said(escaped: str, field: str = "content") -> str:
    """Return an event with JSON text that is written as it stands."""
    return f'data: {{"choices":[{{"index":0,"delta":{{"{field}":"{escaped}"}},"finish_reason":null}}]}}\n\n'


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([said(r"a\u0000b")], "a\0b"),
        ([said(r"a\ud83d\ude00b")], "a😀b"),
        ([said(r"a\ud83d"), said(r"\ude00b")], "a😀b"),
        ([said(r"a\ud83d"), said(r"\ude00\ud83d"), said(r"\ude01")], "a😀😁"),
        ([said(r"a\ud800b")], "a\ufffdb"),
        ([said(r"\udc00")], "\ufffd"),
        (['data: {"choices":[{"delta":{"content":"a"}}],"model":"m\\ud800","logprobs":NaN}\n\n'], "a"),
    ],
    ids=["NUL", "whole pair", "pair cut in two", "two pairs", "lone high", "lone low", "in another field, and NaN"],
)
def test_text_can_be_written_as_utf_8_whatever_the_endpoint_escaped(events: list[str], text: str) -> None:
    answer = answer_to(Act(events=[*events, END]))
    assert answer.text == text
    for chunk in answer.chunks:
        f"{chunk.content}{chunk.model}".encode()


def test_reasoning_and_a_whole_body_are_mended_too() -> None:
    answer = answer_to(Act(events=[said(r"a\ud83d", "reasoning"), said(r"\ude00", "reasoning"), END]))
    assert "".join(chunk.reasoning for chunk in answer.chunks) == "a😀"
    whole = r'{"choices":[{"index":0,"message":{"role":"assistant","content":"a\ud800"},"finish_reason":"stop"}]}'
    assert answer_to(Act(body=whole)).text == "a\ufffd"


def test_an_error_object_with_half_a_character_is_still_an_error_object() -> None:
    with pytest.raises(ServerFailed, match="overloaded"):
        answer_to(Act(events=['data: {"error":{"message":"overloaded \\ud800"}}\n\n']))


@pytest.mark.parametrize("framing", ["event", "body", "refusal"])
def test_json_nested_without_end_is_no_reply(framing: str) -> None:
    deep = '{"choices":' + "[" * 100_000
    act = Act(events=[f"data: {deep}\n\n"]) if framing == "event" else Act(body=deep + "]")
    if framing == "refusal":
        act = Act(status=503, body=deep)
    with pytest.raises(ServerFailed if framing == "refusal" else MalformedReply):
        answer_to(act)


def test_ten_megabytes_in_one_event_are_a_reply() -> None:
    assert len(answer_to(Act(reply="z" * 10_000_000, chunks=1)).text) == 10_000_000
