"""Chats as ShareGPT has them: an array of `{"id", "conversations": [{"from", "value"}, …]}`."""

from collections.abc import Iterator

import msgspec

from persona_batch.exchange.exports.chats import chats
from persona_batch.exchange.exports.export import Export

_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the array, an element a line."""
    encode = msgspec.json.Encoder().encode
    before = b"[\n"
    for record, messages in chats(export):
        said = [{"from": _SPEAKERS[one.role], "value": one.content} for one in messages]
        yield before + encode({"id": record.key, "conversations": said})
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[\n]\n"
