import asyncio

from persona_batch.chat import Message
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


def test_every_message_and_an_empty_one_have_a_reply_that_ends() -> None:
    for text in ("", "a"):
        assert reply_of(ScriptedProvider(), text) == made_up([Message("user", text)])
        assert chunks_of(ScriptedProvider(), text)[-1].finish_reason == "stop"
