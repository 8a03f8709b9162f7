from dataclasses import replace

from engine.cells import make_cell
from persona_batch.asking.asker import Asker
from persona_batch.chat import Message
from persona_batch.config.batch import RunSettings
from persona_batch.engine.play import play
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.record import Record
from provider.asking import talk
from servers.act import Script
from servers.faulty import FaultyServer


def test_a_record_holds_the_messages_that_went_out_not_those_that_were_asked_for() -> None:
    cell = replace(make_cell(), messages=(Message("developer", "你是孙悟空"), Message("user", "你好")))

    async def record_and_body(provider: OpenAIProvider, server: FaultyServer) -> tuple[Record, object]:
        record = await play(cell, Asker(provider), run_id="run")
        return record, server.chats[0].body["messages"]

    record, sent = talk(Script(), record_and_body, settings=RunSettings(provider="vllm"))
    assert sent == [{"role": "system", "content": "你是孙悟空"}, {"role": "user", "content": "你好"}]
    assert record.messages == [Message("system", "你是孙悟空"), Message("user", "你好")]
    assert record.timing is not None
    assert record.timing.ttft_ms is not None
    assert 0 < record.timing.ttft_ms <= (record.timing.latency_ms or 0)
