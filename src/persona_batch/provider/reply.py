"""The bytes of a response's body → chunks, without IO; and whether the reply they make is whole.

A body shows by its first character what it is, whatever its content type says: `{` one JSON object, `<` a web
page, all else an event stream.
"""

import contextlib
from typing import Final, Literal

from persona_batch.errors import MalformedReply, ServerFailed, StreamCut
from persona_batch.provider import refusal
from persona_batch.provider.base import Chunk
from persona_batch.provider.chunks import (
    FAILED_REASONS,
    ErrorPayload,
    HalfCharacter,
    NotAChunk,
    decode_chunk,
    is_whole,
    whole_characters,
)
from persona_batch.provider.sse import EventTooLong, SSEDecoder, TypedPayload

MAX_WHOLE: Final = 32 * 1024 * 1024  # bytes of a body that is not streamed
MAX_STREAM: Final = 512 * 1024 * 1024  # bytes of one that is: a stream without end must not fill the memory
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


class ReplyDecoder:
    """Decodes one reply: `feed` it what comes, then `finish` it.

    `complete` is true once nothing of the reply can be missing any more; `done` after `[DONE]`.
    """

    __slots__ = ("_begun", "_finished", "_halves", "_head", "_kind", "_parts", "_size", "_sse", "done")

    def __init__(self) -> None:
        self._sse = SSEDecoder()
        self._kind: Literal["json", "page", "events"] | None = None
        self._head = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False
        self._finished = False
        self._halves: dict[str, str] = {}  # by field, the first half of a character whose rest is to come
        self.done = False

    @property
    def begun(self) -> bool:
        """Whether anything of a reply came."""
        return self._begun

    @property
    def complete(self) -> bool:
        """Whether a finish reason, or the end mark, came."""
        return self._finished or self.done

    def feed(self, data: bytes) -> list[Chunk]:
        """Return the chunks that `data` completes.

        Raises:
            ProviderError: an error object came, or what is no reply.
        """
        if self._kind is None:
            self._sniff(data)
        if self._kind != "events":
            return self._gather(data)
        self._size += len(data)
        if self._size > MAX_STREAM:
            raise MalformedReply(f"the stream is longer than {MAX_STREAM} bytes")
        try:
            payloads = self._sse.feed(data)
        except EventTooLong as error:
            raise self._garbage(str(error)) from None
        return self._decode(payloads)

    def finish(self) -> list[Chunk]:
        """Return what the end of the body completes.

        Raises:
            ProviderError: the reply is not whole, or none.
        """
        if self._kind == "page":
            raise MalformedReply(f"not a chat completion: {refusal.excerpt(self._text())}")
        if self._kind == "json":
            return self._whole()
        chunks: list[Chunk] = []
        if not self.done:
            with contextlib.suppress(MalformedReply, StreamCut):  # the torn rest of an event is no garbage
                chunks = self._decode(self._sse.finish())
        if not self.complete:
            if not self._begun and self._head.strip(_BLANK) and b"data:" not in self._head:
                raise self._garbage(refusal.excerpt(self._head.decode("utf-8", "replace")))
            raise StreamCut(
                "the stream ended before the reply was finished"
                if self._begun
                else "the stream ended before anything of the reply came"
            )
        return chunks

    def _sniff(self, data: bytes) -> None:
        self._head = (self._head + data)[:4096]
        first = self._head.lstrip(_BLANK)[:1]
        if first:
            self._kind = "json" if first in b"{[" else "page" if first == b"<" else "events"

    def _gather(self, data: bytes) -> list[Chunk]:
        """Keep the parts of what can be read only as a whole; a page's first part is enough."""
        if self._kind != "page" or not self._parts:
            self._parts.append(data)
            self._size += len(data)
        if self._size > MAX_WHOLE:
            raise MalformedReply(f"the body is longer than {MAX_WHOLE} bytes")
        return []

    def _decode(self, payloads: list[bytes]) -> list[Chunk]:
        chunks: list[Chunk] = []
        for payload in payloads:
            try:
                chunk = decode_chunk(payload)
            except HalfCharacter as odd:
                chunk = self._mended(odd.chunk)
            except ErrorPayload as error:
                raise refusal.from_stream(error.body) from None
            except NotAChunk:
                if self._is_mark(payload):
                    continue
                self._begun = self._begun or bool(chunks)
                raise self._garbage(refusal.excerpt(payload.decode("utf-8", "replace"))) from None
            if chunk.finish_reason is not None:
                if chunk.finish_reason in FAILED_REASONS:
                    raise ServerFailed(f"the endpoint broke off with finish_reason {chunk.finish_reason!r}")
                self._finished = True
            chunks.append(chunk)
        if chunks:
            self._begun = True
        return chunks

    def _mended(self, chunk: Chunk) -> Chunk:
        """Return a chunk that begins or ends in the middle of a character without the halves of one."""
        for field in ("content", "reasoning", "refusal"):
            text = self._halves.pop(field, "") + getattr(chunk, field)
            if "\ud800" <= text[-1:] <= "\udbff" and chunk.finish_reason is None:
                self._halves[field], text = text[-1], text[:-1]
            setattr(chunk, field, whole_characters(text))
        return chunk

    def _is_mark(self, payload: bytes) -> bool:
        """Whether a payload that is no JSON object may be passed over; raises for an `error` event."""
        text = payload.strip()
        if text == b"[DONE]":
            self.done = True
            return True
        if isinstance(payload, TypedPayload):
            if payload.event == "error":
                raise refusal.from_stream({"error": {"message": text.decode("utf-8", "replace")}})
            return payload.event != "message"
        return not text or self.done

    def _whole(self) -> list[Chunk]:
        payload = self._text().strip().removeprefix("\ufeff").encode()
        try:
            chunk = decode_chunk(payload)
        except HalfCharacter as odd:
            chunk = self._mended(odd.chunk)
        except ErrorPayload as error:
            raise refusal.from_stream(error.body) from None
        except NotAChunk:
            if payload.endswith((b"}", b"]")):
                raise MalformedReply(f"not a chat completion: {refusal.excerpt(self._text())}") from None
            raise StreamCut("the JSON body ended in the middle") from None
        if not is_whole(payload):
            raise MalformedReply(f"not a chat completion: {refusal.excerpt(self._text())}")
        if chunk.finish_reason in FAILED_REASONS:
            raise ServerFailed(f"the endpoint broke off with finish_reason {chunk.finish_reason!r}")
        self._begun = self._finished = True
        return [chunk]

    def _text(self) -> str:
        return b"".join(self._parts).decode("utf-8", "replace")

    def _garbage(self, said: str) -> StreamCut | MalformedReply:
        if self._begun:
            return StreamCut(f"the stream turned to garbage in the middle: {said}")
        return MalformedReply(f"not a chat completion: {said}")
