"""Chats for fine-tuning, as OpenAI and the trainers that follow it take them: `{"messages": [...]}`, one a line."""

from collections.abc import Iterator

import msgspec

from persona_batch.exchange.exports.chats import chats
from persona_batch.exchange.exports.export import Export


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the lines."""
    encode = msgspec.json.Encoder().encode
    for _, messages in chats(export):
        yield encode({"messages": messages}) + b"\n"
