"""The loop of the openai SDK's own documentation, at a given concurrency: what everything is compared with.

python -m benchmarks.clients.plain_loop BASE_URL MODEL REPLIES CONCURRENCY
"""

import asyncio
import sys
import time
from collections.abc import Iterator

from openai import APIError, AsyncOpenAI

from benchmarks.clients.outcome import Outcome


async def ask(client: AsyncOpenAI, model: str, outcome: Outcome) -> None:
    """Stream one reply."""
    sent = time.perf_counter()
    ttft, reply, chunks = 0.0, "", 0
    stream = await client.chat.completions.create(
        model=model,
        messages=[{"role": "system", "content": "你是孙悟空"}, {"role": "user", "content": "你好"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        chunks += 1
        if chunk.choices and (text := chunk.choices[0].delta.content):
            if not reply:
                ttft = (time.perf_counter() - sent) * 1000
            reply += text
    outcome.replies += 1
    outcome.chunks += chunks
    outcome.compare_ttft(reply, ttft)


async def work(client: AsyncOpenAI, model: str, outcome: Outcome, turns: Iterator[int]) -> None:
    """Ask as long as there are turns."""
    for _ in turns:
        try:
            await ask(client, model, outcome)
        except APIError:
            outcome.failures += 1


async def main(base_url: str, model: str, replies: int, concurrency: int) -> None:
    """Ask once to warm up, then `replies` times."""
    async with AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
        await ask(client, "mock-n1", Outcome())
        outcome = Outcome()
        turns = iter(range(replies))
        outcome.start()
        await asyncio.gather(*(work(client, model, outcome, turns) for _ in range(concurrency)))
        outcome.stop()
    outcome.print()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
