"""Each time-out ends the request, says which it was, and gives the connection back."""

import asyncio
from contextlib import aclosing

import pytest

from persona_batch.errors import TimedOut
from persona_batch.provider.contract import Request, StreamInfo, Timeouts
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import MESSAGES, REPLY, answer_to, ask, talk
from servers.act import Act, Script
from servers.faulty import FaultyServer

SHORT = Timeouts(connect=5, first_token=0.2, gap=0.2, total=60)


@pytest.mark.parametrize(
    ("act", "timeouts", "words"),
    [
        (Act(silent=True), SHORT, "no first token within 0.2 s"),
        (Act(stall_after=0), SHORT, "no first token within 0.2 s"),
        (Act(reply=REPLY, stall_after=700), SHORT, "nothing more came for 0.2 s"),
        (Act(events=[": wait\n\n"] * 40, pause=0.05), SHORT, "no first token"),
        (Act(reply=REPLY, chunks=60, pause=0.05), Timeouts(total=0.4), "not whole after 0.4 s"),
        (Act(silent=True), Timeouts(total=0.2), "not whole after 0.2 s"),
        (Act(reply=REPLY, whole=True, stall_after=50), SHORT, "no first token"),
    ],
)
@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "through a proxy"])
def test_a_time_out_says_which_it_was(act: Act, timeouts: Timeouts, words: str, proxied: bool) -> None:
    with pytest.raises(TimedOut, match=words):
        answer_to(act, timeouts=timeouts, proxied=proxied)


def test_a_slow_but_steady_stream_is_not_timed_out() -> None:
    act = Act(reply=REPLY, chunks=20, pause=0.03)
    assert answer_to(act, timeouts=Timeouts(first_token=0.3, gap=0.3)).text == REPLY


def test_a_server_that_goes_silent_after_the_reply_does_no_harm() -> None:
    whole = Act(reply=REPLY, done=False)
    body = sum(len(burst) for burst in _body(whole))
    assert answer_to(Act(reply=REPLY, done=False, stall_after=body), timeouts=SHORT).text == REPLY


@pytest.mark.parametrize("ping", [": ping\n\n", "data: null\n\n", 'data: {"type":"ping"}\n\n', "data: {}\n\n"])
def test_a_server_that_pings_for_ever_after_the_reply_does_no_harm(ping: str) -> None:
    said = [event.decode() for event in _body(Act(reply=REPLY, done=False))]
    act = Act(events=[*said, *[ping] * 4000], pause=0.02)
    answer = answer_to(act, timeouts=Timeouts(first_token=20, gap=20, total=60, ending=0.2))
    assert answer.text == REPLY
    assert any(chunk.usage is not None for chunk in answer.chunks)


def _body(act: Act) -> list[bytes]:
    from servers.completion import events

    messages = [{"role": m.role, "content": m.content} for m in MESSAGES]
    asked = {"model": "test-model", "messages": messages, "stream_options": {"include_usage": True}}
    return list(events(asked, act))


def test_a_slow_consumer_is_not_taken_for_a_silent_server() -> None:
    async def dawdle(provider: OpenAIProvider, server: FaultyServer) -> str:
        text = ""
        async with aclosing(provider.stream(Request("test-model", MESSAGES), StreamInfo())) as bursts:
            async for burst in bursts:
                text += "".join(chunk.content for chunk in burst.chunks)
                server.step(2)
                await asyncio.sleep(0.3)  # the consumer's own pace is what is tested
        return text

    async def started(provider: OpenAIProvider, server: FaultyServer) -> str:
        server.step(2)
        return await dawdle(provider, server)

    act = Act(reply="abc", chunks=3, stepped=True)
    assert talk(Script(default=act), started, timeouts=SHORT) == "abc"


def test_a_cancelled_stream_passes_the_cancellation_on_and_lets_the_server_go() -> None:
    async def cancel(provider: OpenAIProvider, server: FaultyServer) -> str:
        task = asyncio.create_task(ask(provider))
        server.step(1)
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await server.disconnected.wait()
        server.step(100)
        return (await ask(provider)).text

    assert talk(Script(acts=[Act(stepped=True)], default=Act(reply=REPLY)), cancel) == REPLY


def test_a_consumer_that_leaves_early_lets_the_server_go() -> None:
    async def leave(provider: OpenAIProvider, server: FaultyServer) -> None:
        async with aclosing(provider.stream(Request("test-model", MESSAGES), StreamInfo())) as bursts:
            server.step(3)
            async for _ in bursts:
                break
        async with asyncio.timeout(5):
            await server.disconnected.wait()

    talk(Script(acts=[Act(stepped=True)]), leave)
