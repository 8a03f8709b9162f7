import asyncio

import pytest

from persona_batch.chat import Message
from persona_batch.errors import RateLimited
from persona_batch.provider.contract import Chunk, Request, StreamInfo
from persona_batch.provider.scripted import ScriptedProvider, made_up


def chunks_of(provider: ScriptedProvider, text: str) -> list[Chunk]:
    async def run() -> list[Chunk]:
        request = Request("scripted", (Message("user", text),))
        return [chunk async for burst in provider.stream(request, StreamInfo()) for chunk in burst.chunks]

    return asyncio.run(run())


def reply_of(provider: ScriptedProvider, text: str) -> str:
    return "".join(chunk.content for chunk in chunks_of(provider, text))


def test_the_same_messages_get_the_same_reply_and_others_another() -> None:
    assert reply_of(ScriptedProvider(), "你好") == reply_of(ScriptedProvider(), "你好")
    assert reply_of(ScriptedProvider(), "你好") != reply_of(ScriptedProvider(), "再见")
    assert made_up([Message("system", "a"), Message("user", "b")]) != made_up([Message("user", "b")])


def test_a_reply_ends_with_reason_and_usage() -> None:
    last = chunks_of(ScriptedProvider(), "你好")[-1]
    assert last.finish_reason == "stop"
    assert last.usage is not None
    assert last.usage.prompt_tokens == 2


def test_replies_may_be_given_by_text_or_by_a_function() -> None:
    assert reply_of(ScriptedProvider({"a": "b"}), "a") == "b"
    assert reply_of(ScriptedProvider({"a": "b"}), "c") == made_up([Message("user", "c")])
    assert reply_of(ScriptedProvider(lambda request: request.model), "c") == "scripted"


def test_failures_come_in_turn() -> None:
    provider = ScriptedProvider(failures=[RateLimited("slow"), None, RateLimited("slow")])
    with pytest.raises(RateLimited):
        reply_of(provider, "a")
    assert reply_of(provider, "a")
    with pytest.raises(RateLimited):
        reply_of(provider, "a")
    assert reply_of(provider, "a")
    assert provider.asked == 4


def test_an_empty_reply_is_still_an_end() -> None:
    assert [c.finish_reason for c in chunks_of(ScriptedProvider({"a": ""}), "a")] == ["stop"]
