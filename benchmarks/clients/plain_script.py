"""What a researcher would write with the SDK: stream every cell, a line of JSON for each reply.

python -m benchmarks.clients.plain_script BASE_URL MODEL CONCURRENCY OUT [PERSONAS QUESTIONS]
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import IO

from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from benchmarks.cells import Ask, asks


async def ask(client: AsyncOpenAI, model: str, cell: Ask, out: IO[str]) -> None:
    """Stream one reply and write its line."""
    sent, ttft = time.perf_counter(), None
    reply, usage = "", None
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": cell.system},
        {"role": "user", "content": cell.user},
    ]
    stream = await client.chat.completions.create(
        model=model, messages=messages, stream=True, stream_options={"include_usage": True}
    )
    async for chunk in stream:
        if chunk.choices and (text := chunk.choices[0].delta.content):
            ttft = ttft or time.perf_counter() - sent
            reply += text
        if chunk.usage:
            usage = chunk.usage.model_dump()
    record = {
        "persona": cell.persona,
        "question": cell.question,
        "messages": messages,
        "reply": reply,
        "usage": usage,
        "ttft": ttft,
        "latency": time.perf_counter() - sent,
    }
    out.write(json.dumps(record, ensure_ascii=False) + "\n")


async def work(client: AsyncOpenAI, model: str, cells: Iterator[Ask], out: IO[str]) -> None:
    """Ask as long as there are cells."""
    for cell in cells:
        await ask(client, model, cell, out)


async def main(base_url: str, model: str, concurrency: int, path: str, sizes: list[int]) -> None:
    """Ask all cells, a number of them at a time."""
    cells = asks(*sizes)
    with open(path, "w", encoding="utf-8") as out:  # noqa: PTH123, ASYNC230 - as such scripts are written
        async with AsyncOpenAI(base_url=base_url, api_key="none") as client:
            await asyncio.gather(*(work(client, model, cells, out) for _ in range(concurrency)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], [int(size) for size in sys.argv[5:]]))
