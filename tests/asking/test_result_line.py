"""A line of a batch's results comes to what the same completion would have come to had it been streamed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch import errors
from persona_batch.asking.reply import Failure, Incoming, Reply
from persona_batch.asking.result_line import ResultLine, read_line
from persona_batch.chat import Message
from persona_batch.provider.contract import Burst, Request, StreamInfo
from persona_batch.provider.reply_decoder import ReplyDecoder

SECRET = "my-very-own-key-1"
REQUEST = Request("test-model", (Message("user", "Who?"),))
TIMES = Failure.of(errors.BadRequest(""), REQUEST, StreamInfo(sent_ns=1), attempts=1, clean=str).times


def clean(text: str) -> str:
    """Take the secret out."""
    return text.replace(SECRET, "…")


def line_of(body: object, *, status: object = 200, error: object = None, request_id: str | None = None) -> bytes:
    """Return a line of results."""
    response = {"status_code": status, "request_id": request_id, "body": body}
    return json.dumps({"id": "r-1", "custom_id": "k-1", "response": response, "error": error}).encode() + b"\n"


def from_line(line: bytes, *, keep_thinking: bool = False) -> Reply | Failure:
    """Return what a line comes to, without its times."""
    answer = read_line(line).answer(REQUEST, StreamInfo(), clean=clean, keep_thinking=keep_thinking)
    return timeless(answer)


def received(parts: Sequence[bytes], *, keep_thinking: bool = False) -> Reply | Failure:
    """Return what a body comes to that is received in parts, as when it is asked for at once; without its times."""
    decoder, incoming, info = ReplyDecoder(), Incoming(), StreamInfo()
    try:
        for part in parts:
            incoming.take(Burst(1, decoder.feed(part)), None)
        incoming.take(Burst(1, decoder.finish()), None)
    except errors.ProviderError as error:
        return timeless(Failure.of(error, REQUEST, info, attempts=1, clean=clean))
    info.request_id = decoder.response_id
    return timeless(incoming.whole(REQUEST, info, attempts=1, clean=clean, keep_thinking=keep_thinking))


def timeless(answer: Reply | Failure) -> Reply | Failure:
    """Return an answer without its times, which are no part of what is compared."""
    assert TIMES is not None
    return replace(answer, times=TIMES)


texts = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            " \n",
            "<think>hm</think>\n\nYes.",
            "<think>cut off",
            "so it is\n</think>\nYes.",
            f"the key is {SECRET}",
            "👩‍🚀 俺老孙",
        ]
    ),
)
counts = st.integers(0, 1000)
usages = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"prompt_tokens": counts, "completion_tokens": counts, "total_tokens": counts},
        optional={"prompt_tokens_details": st.fixed_dictionaries({"cached_tokens": counts})},
    ),
)
reasons = st.sampled_from(
    [
        "stop",
        "length",
        "content_filter",
        "eos",
        "max_tokens",
        "sensitive",
        "tool_calls",
        "function_call",
        "odd",
        "error",
    ]
)
completions = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["chatcmpl-1", "x" * 200, "a b"]),
        "model": st.sampled_from(["test-model", "other", None]),
        "system_fingerprint": st.sampled_from(["fp_1", None]),
        "content": texts,
        "reasoning": texts,
        "refusal": texts,
        "reason": reasons,
        "usage": usages,
    }
)


def whole_body(made: dict[str, Any]) -> dict[str, Any]:
    """Return a completion as it is answered at once."""
    message = {"role": "assistant", "content": made["content"]}
    if made["reasoning"] is not None:
        message["reasoning_content"] = made["reasoning"]
    if made["refusal"] is not None:
        message["refusal"] = made["refusal"]
    choice = {"index": 0, "message": message, "finish_reason": made["reason"]}
    body = {"id": made["id"], "object": "chat.completion", "created": 1, "model": made["model"], "choices": [choice]}
    return body | {name: made[name] for name in ("system_fingerprint", "usage") if made[name] is not None}


def streamed(made: dict[str, Any], size: int) -> list[bytes]:
    """Return the events of the same completion, its texts in pieces of `size` characters."""

    def event(choices: list[Any], **more: Any) -> bytes:
        head = {"id": made["id"], "object": "chat.completion.chunk", "created": 1, "model": made["model"]}
        fingerprint = {} if made["system_fingerprint"] is None else {"system_fingerprint": made["system_fingerprint"]}
        return b"data: " + json.dumps({**head, **fingerprint, "choices": choices, **more}).encode() + b"\n\n"

    def delta(field: str, text: str) -> bytes:
        return event([{"index": 0, "delta": {field: text}, "finish_reason": None}])

    events = [event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])]
    for name, field in (("reasoning", "reasoning_content"), ("content", "content"), ("refusal", "refusal")):
        text = made[name] or ""
        events += [delta(field, text[at : at + size]) for at in range(0, len(text), size)]
    events.append(event([{"index": 0, "delta": {}, "finish_reason": made["reason"]}]))
    if made["usage"] is not None:
        events.append(event([], usage=made["usage"]))
    return [*events, b"data: [DONE]\n\n"]


@settings(max_examples=300, deadline=None)
@given(completions, st.integers(1, 9), st.booleans())
def test_streamed_whole_and_from_a_line_it_is_the_same(made: dict[str, Any], size: int, keep_thinking: bool) -> None:
    body = whole_body(made)
    whole = received([json.dumps(body).encode()], keep_thinking=keep_thinking)
    line = from_line(line_of(body), keep_thinking=keep_thinking)
    stream = received(streamed(made, size), keep_thinking=keep_thinking)
    if isinstance(line, Failure):
        for other in (whole, stream):
            assert isinstance(other, Failure)
            assert (other.status, other.message, other.error.kind) == (line.status, line.message, line.error.kind)
        return
    assert line == whole
    assert line == stream
    assert SECRET not in f"{line.text}{line.reasoning}{line.refusal}"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "body", "error", "code", "choices", "message", "status_code", "request_id"]),
            inner,
            max_size=4,
        ),
    ),
)
lines = st.fixed_dictionaries(
    {"custom_id": st.one_of(st.just("k"), values)}, optional={"response": values, "error": values}
)


@settings(max_examples=300, deadline=None)
@given(lines)
def test_whatever_a_line_is_it_is_no_result_or_has_one_answer(line: object) -> None:
    said = json.dumps(line).encode()
    try:
        result = read_line(said)
    except ValueError:
        return
    answer = result.answer(REQUEST, StreamInfo(), clean=clean, keep_thinking=False)
    assert isinstance(answer, Reply) is result.good
    assert (result.failure is None) is result.good
    assert not (result.good and result.missing)


FAILED = {"error": {"message": f"no, {SECRET}", "type": "error", "param": None, "code": None}}


@pytest.mark.parametrize(
    ("line", "kind", "status"),
    [
        (line_of(FAILED, status=400), errors.BadRequest, "error"),
        (line_of(FAILED, status="400"), errors.BadRequest, "error"),
        (line_of(FAILED, status=401), errors.AuthRefused, "error"),
        (line_of(FAILED, status=429), errors.RateLimited, "error"),
        (line_of(FAILED, status=500), errors.ServerFailed, "error"),
        (line_of(None, status=500), errors.ServerFailed, "error"),
        (line_of("<html>Bad gateway</html>", status=502), errors.ServerFailed, "error"),
        (line_of({"message": "no such parameter", "code": "InvalidParameter"}, status=400), errors.BadRequest, "error"),
        (
            line_of({"error": {"message": "x", "code": "insufficient_quota"}}, status=429),
            errors.QuotaExhausted,
            "error",
        ),
        (
            line_of({"error": {"message": "x", "code": "content_filter"}}, status=400),
            errors.ContentFiltered,
            "filtered",
        ),
        (
            line_of({"error": {"message": "x", "code": "1301", "contentFilter": []}}, status=400),
            errors.BadRequest,
            "error",
        ),
        (line_of({"error": {"message": "输入包含敏感内容"}}, status=400), errors.ContentFiltered, "filtered"),
        (
            line_of({"error": {"message": "x", "code": "context_length_exceeded"}}, status=400),
            errors.ContextTooLong,
            "error",
        ),
        (line_of({"error": {"message": "x", "code": "model_not_found"}}, status=404), errors.ModelUnknown, "error"),
        (line_of(FAILED), errors.ServerFailed, "error"),
        (line_of({"choices": []}), errors.MalformedReply, "error"),
        (line_of({}), errors.MalformedReply, "error"),
        (line_of("a text"), errors.MalformedReply, "error"),
        (line_of(None), errors.MalformedReply, "error"),
        (line_of(None, error={"code": "request_timeout", "message": "timed out"}), errors.ServerFailed, "error"),
        (
            line_of(None, status=400, error={"error": {"message": "too many tokens", "type": "BadRequestError"}}),
            errors.ContextTooLong,
            "error",
        ),
        (
            b'{"custom_id": "k", "response": null, "error": {"code": "server_error", "message": "x"}}',
            errors.ServerFailed,
            "error",
        ),
        (b'{"custom_id": "k", "response": null, "error": "it broke"}', errors.ServerFailed, "error"),
        (b'{"custom_id": "k", "error": {"code": "401", "message": "x"}}', errors.AuthRefused, "error"),
    ],
)
def test_a_failure_is_judged_as_anywhere_else(line: bytes, kind: type[errors.ProviderError], status: str) -> None:
    result = read_line(line)
    answer = from_line(line)
    assert isinstance(answer, Failure)
    assert type(answer.error) is kind
    assert answer.status == status
    assert SECRET not in answer.message
    assert not result.missing or answer.error.kind == "malformed"
    assert type(result.failure) is kind
    assert not result.good


@pytest.mark.parametrize("code", ["batch_expired", "batch_cancelled", "batch_canceled"])
def test_what_nobody_got_to_is_missing(code: str) -> None:
    for response in (None, {"status_code": 0, "request_id": "", "body": None}):
        line = json.dumps({"custom_id": "k", "response": response, "error": {"code": code, "message": "x"}})
        assert read_line(line.encode()).missing
    assert read_line(b'{"custom_id": "k"}').missing
    assert read_line(b'{"custom_id": "k", "response": null, "error": null}').missing


def test_what_json_forbids_but_endpoints_write_is_read() -> None:
    choice = '{"message": {"content": "a\\ud83d b\tc"}, "finish_reason": "stop"}'
    body = f'{{"id": "c-1", "model": "m", "choices": [{choice}], "x": NaN}}'
    answer = from_line(f'{{"custom_id": "k", "response": {{"status_code": 200, "body": {body}}}}}'.encode())
    assert isinstance(answer, Reply)
    assert answer.text == "a\N{REPLACEMENT CHARACTER} b\tc"


@pytest.mark.parametrize("given_id", ["req-7", None, "a\nb", "x" * 200, SECRET])
def test_the_requests_id_is_the_lines_else_the_completions(given_id: str | None) -> None:
    body = whole_body(
        {"id": "c-1", "model": "m", "system_fingerprint": None, "content": "hi", "reasoning": None}
        | {"refusal": None, "reason": "stop", "usage": None}
    )
    answer = from_line(line_of(body, request_id=given_id))
    assert answer.request_id == {"req-7": "req-7", SECRET: "…"}.get(str(given_id), "c-1")


def test_messages_that_went_out_are_those_that_were_given() -> None:
    sent = (Message("system", "x"),)
    answer = read_line(line_of(FAILED, status=400)).answer(
        REQUEST, StreamInfo(messages=sent), clean=clean, keep_thinking=False
    )
    assert (answer.messages, answer.attempts) == (sent, 1)


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{}", b'{"custom_id": 5}', b'{"custom_id": "k", "resp', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_line_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_line(line)


def test_a_result_is_whose_it_says() -> None:
    assert isinstance(result := read_line(line_of({})), ResultLine)
    assert result.custom_id == "k-1"
