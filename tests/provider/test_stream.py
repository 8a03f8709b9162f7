"""What real endpoints send, each against a real local HTTP server: a right reply, or a clear error."""

import gzip
import json

import pytest

from persona_batch.chat import Usage
from persona_batch.errors import (
    ContextTooLong,
    MalformedReply,
    ProviderError,
    RateLimited,
    ServerFailed,
    StreamCut,
)
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import REPLY, Answer, answer_to, ask, talk
from servers.act import Act, Script, error_body
from servers.completion import usage_of
from servers.faulty import FaultyServer


def chunk(content: str | None = None, *, finish: str | None = None) -> str:
    delta = {} if content is None else {"content": content}
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, ensure_ascii=False)


def test_a_plain_stream_is_whole_with_usage_and_stamps() -> None:
    answer = answer_to(Act(reply=REPLY))
    assert answer.text == REPLY
    assert answer.finish_reason == "stop"
    assert [c.usage for c in answer.chunks if c.usage] == [Usage(**usage_of(REPLY))]
    assert 0 < answer.info.sent_ns < answer.bursts[0].at_ns
    assert answer.info.request_id == "req-1"
    assert answer.chunks[0].model == "test-model"


@pytest.mark.parametrize("usage", ["last", "every", "never"])
def test_usage_may_come_at_the_end_or_always_or_never(usage: str) -> None:
    answer = answer_to(Act(reply=REPLY, usage=usage))  # type: ignore[arg-type]  # one of the literals
    assert answer.text == REPLY
    seen = [c.usage for c in answer.chunks if c.usage]
    assert len(seen) == {"last": 1, "every": len(answer.chunks), "never": 0}[usage]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_packets_may_be_cut_anywhere_also_inside_a_character(size: int) -> None:
    body = "".join(f"data: {chunk(c)}\n\n" for c in "俺老孙！") + f"data: {chunk(finish='stop')}\n\n"
    raw = body.encode()
    pieces = [raw[i : i + size].decode("latin-1") for i in range(0, len(raw), size)]
    assert answer_to(Act(pieces=pieces)).text == "俺老孙！"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_comments_and_no_space_after_data(end: str) -> None:
    lines = [": keep-alive", "", f"data:{chunk('a')}", "", ":", "", "id: 1", f"data: {chunk('b', finish='stop')}"]
    body = end.join([*lines, "", "data:[DONE]", "", ""])
    assert answer_to(Act(events=[body])).text == "ab"


def test_an_end_without_done_is_fine_after_a_finish_reason() -> None:
    assert answer_to(Act(reply=REPLY, done=False)).text == REPLY


def test_an_end_without_the_last_blank_line_is_fine() -> None:
    assert answer_to(Act(events=[f"data: {chunk('a')}\n\ndata: {chunk(finish='stop')}"])).text == "a"


def test_done_without_a_finish_reason_is_an_end() -> None:
    assert answer_to(Act(reply=REPLY, finish_reason=None)).text == REPLY


def test_a_json_body_is_one_burst() -> None:
    answer = answer_to(Act(reply=REPLY, whole=True))
    assert (answer.text, answer.finish_reason, len(answer.bursts)) == (REPLY, "stop", 1)
    assert answer.chunks[0].usage == Usage(**usage_of(REPLY))


def test_a_gzipped_body_is_unpacked() -> None:
    packed = gzip.compress(f"data: {chunk('a', finish='stop')}\n\ndata: [DONE]\n\n".encode()).decode("latin-1")
    answer = answer_to(Act(pieces=[packed[:20], packed[20:]], headers={"Content-Encoding": "gzip"}))
    assert answer.text == "a"


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (Act(reply=REPLY, done=False, finish_reason=None), StreamCut, "before the reply was finished"),
        (Act(events=[]), StreamCut, "before anything"),
        (Act(events=[": only a comment\n\n"]), MalformedReply, "only a comment"),
        (Act(reply=REPLY, cut_after=700), StreamCut, "closed the connection"),
        (Act(reply=REPLY, reset_after=700), StreamCut, "closed the connection"),
        (Act(reply=REPLY, cut_after=0), StreamCut, "closed the connection"),
        (Act(reply=REPLY, framing="close", cut_after=700), StreamCut, "before the reply was finished"),
        (Act(reply=REPLY, content_length=99_999, done=False, finish_reason=None), StreamCut, "closed"),
        (Act(reply=REPLY, content_length=700), ProviderError, ""),  # garbage, before or after the first read
        (Act(reply=REPLY, whole=True, framing="close", cut_after=90), StreamCut, "ended in the middle"),
        (Act(events=["data: {oops\n\n"]), MalformedReply, "{oops"),
        (Act(events=[f"data: {chunk('a')}\n\n", "data: {oops\n\n"]), StreamCut, "garbage in the middle: {oops"),
        (Act(body="<html><head><title>Sign in</title></head></html>"), MalformedReply, "Sign in"),
        (Act(body='{"hello": "world"}'), MalformedReply, "hello"),
        (Act(body='{"choices": []}'), MalformedReply, "choices"),
        (Act(body="I am a teapot"), MalformedReply, "I am a teapot"),
        (Act(body=error_body("no", kind="server_error")), ServerFailed, "no"),
        (Act(events=[f"data: {chunk('a')}\n\n", f"data: {error_body('broke')}\n\n"]), ServerFailed, "broke"),
        (Act(events=[f"event: error\ndata: {error_body('slow', code='rate_limit')}\n\n"]), RateLimited, "slow"),
        (Act(events=["event: error\ndata: plain words\n\n"]), ServerFailed, "plain words"),
        (
            Act(events=['data: {"error":{"code":400,"message":"exceeds the context size"}}\n\n']),
            ContextTooLong,
            "context",
        ),
        (Act(events=[f"data: {chunk('a', finish='network_error')}\n\n"]), ServerFailed, "network_error"),
        (Act(raw="this is not HTTP\r\n\r\n"), MalformedReply, "no proper HTTP"),
        (Act(headers={"X-Large": "x" * 600_000}), MalformedReply, "no proper HTTP"),
        (Act(raw=""), ProviderError, "closed the connection"),
    ],
)
@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "through a proxy"])
def test_no_half_reply_is_ever_whole(act: Act, kind: type[ProviderError], words: str, proxied: bool) -> None:
    with pytest.raises(kind) as caught:
        answer_to(act, proxied=proxied)
    assert words in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500


def test_a_cut_after_the_end_of_the_reply_does_no_harm() -> None:
    assert answer_to(Act(reply=REPLY, done=False, content_length=99_999)).text == REPLY


def test_refused_stream_options_are_left_out_and_remembered() -> None:
    refused = Act(status=400, body=error_body("Unrecognized argument: stream_options"))

    async def twice(provider: OpenAIProvider, server: FaultyServer) -> list[Answer]:
        return [await ask(provider), await ask(provider)]

    async def bodies(provider: OpenAIProvider, server: FaultyServer) -> list[bool]:
        answers = await twice(provider, server)
        assert all(answer.text for answer in answers)
        return ["stream_options" in request.body for request in server.chats]

    assert talk(Script(acts=[refused]), bodies) == [True, False, False]


def test_a_proxy_named_by_the_environment_is_used() -> None:
    assert answer_to(Act(reply=REPLY), proxied=True).text == REPLY


def test_connections_are_used_again() -> None:
    async def ports(provider: OpenAIProvider, server: FaultyServer) -> int:
        for _ in range(5):
            await ask(provider)
        return server.connections

    assert talk(Script(), ports) == 1
