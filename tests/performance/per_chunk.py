"""The path of one reply's bytes, as `OpenAIProvider.stream` and `asking.reply` walk it, and a yardstick beside it.

python -m performance.per_chunk ours|yardstick CHUNKS      (what callgrind counts)
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Final

import msgspec

from persona_batch.asking.reply import Incoming
from persona_batch.provider.contract import Burst
from persona_batch.provider.http1 import Connection
from persona_batch.provider.reply_decoder import ReplyDecoder

READ: Final = 16 * 1024
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT: Final = (
    'data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1790000000,"model":"mock",'
    '"service_tier":"default","system_fingerprint":"fp_mock","choices":[{"index":0,"delta":{%s},"logprobs":null,'
    '"finish_reason":%s}],"usage":null}\n\n'
)
END: Final = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def http_chunk(delta: str, finish_reason: str) -> bytes:
    """Return one event as one HTTP chunk."""
    event = (EVENT % (delta, finish_reason)).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


def reads_of(chunks: int) -> list[bytes]:
    """Return the network reads that bring a reply of so many content chunks."""
    wire = HEAD + http_chunk('"content":"取经"', "null") * chunks + http_chunk("", '"stop"') + END
    return [wire[start : start + READ] for start in range(0, len(wire), READ)]


class Wire(asyncio.Transport):
    """A transport that takes everything and says nothing."""

    def write(self, data: object) -> None:
        """Take it."""


def at_once(coroutine: Coroutine[object, None, bytes]) -> bytes:
    """Run a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return bytes(end.value)
    raise AssertionError("it had to wait")


def ours(reads: list[bytes]) -> Callable[[], str]:
    """Return the work of reading a reply; set up before anything is counted."""
    loop = asyncio.new_event_loop()
    connection = Connection(loop)
    connection.connection_made(Wire())
    connection.send(b"", b"")
    decoder, reply = ReplyDecoder(), Incoming()

    def work() -> str:
        for read in reads:
            connection.data_received(read)
            chunks = decoder.feed(at_once(connection.read()))
            if chunks:
                reply.take(Burst(connection.arrived_ns, chunks), None)
        assert decoder.done
        loop.close()
        return "".join(reply.content)

    return work


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    finish_reason: str | None = None


class _Event(msgspec.Struct):
    choices: list[_Choice]


def yardstick(reads: list[bytes]) -> Callable[[], str]:
    """Return the least that could be done: cut at line ends, decode, collect. It never changes."""
    decode = msgspec.json.Decoder(_Event).decode

    def events() -> Iterator[_Event]:
        rest = b""
        for read in reads:
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                if line.startswith(b"data: {"):
                    yield decode(line[6:])

    def work() -> str:
        return "".join([event.choices[0].delta.content or "" for event in events()])

    return work


WORKS: Final = {"ours": ours, "yardstick": yardstick}

if __name__ == "__main__":
    count = int(sys.argv[2])
    assert WORKS[sys.argv[1]](reads_of(count))() == "取经" * count
