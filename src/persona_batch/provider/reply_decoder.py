"""The bytes of a response's body → chunks, without IO; and whether the reply they make is whole.

A body shows by its first character what it is, whatever its content type says: `{` JSON (one object, or one a line),
`<` a web page, all else an event stream.

Before the finish reason, an error object is an error and half an object a cut; what is neither these nor a chunk (a
ping of any shape) is passed over. After it everything is, but for chunks and counts of tokens.
"""

import contextlib
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final, Literal

from persona_batch.errors import MalformedReply, ProviderError, ServerFailed, StreamCut
from persona_batch.provider import refusal
from persona_batch.provider.choices import OddStream
from persona_batch.provider.chunks import FAILED_REASONS, ErrorPayload, NotAChunk, OddChunk, decode_chunk, decode_odd
from persona_batch.provider.contract import Chunk
from persona_batch.provider.payloads import (
    EventTooLong,
    SSEDecoder,
    TypedPayload,
    first_choice_has,
    is_torn,
    keeps_alive,
    tells_trouble,
)

MAX_WHOLE: Final = 32 * 1024 * 1024  # bytes of a body that is not streamed
MAX_STREAM: Final = 512 * 1024 * 1024  # bytes of one that is: a stream without end must not fill the memory
_ID: Final = re.compile(rb'"id" ?: ?"([!#-\[\]-~]{1,128})"')
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


class ReplyDecoder:
    """Decodes one reply: `feed` it what comes, then `finish` it.

    `complete` is true once nothing of the reply can be missing any more; `done` after `[DONE]`.
    """

    __slots__ = (
        "_begun",
        "_came",
        "_finished",
        "_head",
        "_kind",
        "_lines",
        "_odd",
        "_parts",
        "_passed",
        "_size",
        "_sse",
        "_told",
        "done",
    )

    def __init__(self) -> None:
        self._sse = SSEDecoder()
        self._kind: Literal["json", "page", "events"] | None = None
        self._head = b""
        self._lines: bool | None = None  # whether the first line of JSON is an object; None: it is not whole yet
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False
        self._came: set[str] = set()  # fields of which something came, until there was content
        self._finished = False
        self._odd: OddStream | None = None  # from the first chunk on that is not plain
        self._passed = b""  # the last payload that was passed over before the reply ended
        self._told: Any = None  # an object with a message: of a failure if there is nothing else
        self.done = False

    @property
    def begun(self) -> bool:
        """Whether anything of a reply came."""
        return self._begun

    @property
    def response_id(self) -> str | None:
        """The response's own id, which stands at the beginning of its body; None: it has none."""
        found = _ID.search(self._head)
        return found[1].decode() if found else None

    @property
    def complete(self) -> bool:
        """Whether a finish reason, or the end mark, came."""
        return self._finished or self.done or (self._odd is not None and self._odd.ended)

    def feed(self, data: bytes) -> list[Chunk]:
        """Return the chunks that `data` completes.

        Raises:
            ProviderError: an error object came, or what is no reply; never once the reply is complete.
        """
        if self._kind is None:
            self._sniff(data)
        if self._kind != "events":
            return self._gather(data)
        if not self._begun and self._size:
            self._head = (self._head + data)[:4096]
        self._size += len(data)
        if self._size > MAX_STREAM:
            raise MalformedReply(f"the stream is longer than {MAX_STREAM} bytes")
        try:
            payloads = self._sse.feed(data)
        except EventTooLong as error:
            if self.complete:
                return []
            raise self._garbage(str(error)) from None
        chunks: list[Chunk] = []
        self._decode(payloads, chunks)
        return chunks

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
                self._decode(self._sse.finish(), chunks)
        if not self.complete or ((self._passed or self._told) and not self._begun):
            raise self._unfinished()
        return chunks + self._odd.finish() if self._odd is not None else chunks

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
        if self._kind == "json" and self._lines is not False and (b"\n" in data or self._lines):
            return self._lines_of_json()
        return []

    def _lines_of_json(self) -> list[Chunk]:
        """Go on as with events where the body is an object a line; the first line of any other body is not whole."""
        body = b"".join(self._parts)
        first, _, more = body.lstrip(_BLANK).partition(b"\n")
        self._lines = not is_torn(first)
        if not self._lines or not (more.strip() or first_choice_has(first, "delta")):
            return []
        self._kind, self._parts, self._size, self._head = "events", [], 0, body[:4096]
        return self.feed(body)

    def _decode(self, payloads: Iterable[bytes], chunks: list[Chunk]) -> None:
        """Append the chunks of the payloads; what is not plain is judged by `OddStream`, and all that follows it."""
        if self._odd is not None:
            self._judge(self._odd, payloads, chunks)
            return
        rest = iter(payloads)
        for payload in rest:
            try:
                chunk = decode_chunk(payload)
            except (ErrorPayload, NotAChunk) as error:
                self._note(chunks)
                self._pass_over(payload, error)
                continue
            if isinstance(chunk, OddChunk):
                self._note(chunks)
                self._odd = OddStream(self._came, ended=self._finished)
                self._judge(self._odd, chain((payload,), rest), chunks)
                return
            if chunk.finish_reason is not None:
                self._end(chunk)
            chunks.append(chunk)
        if chunks:
            self._note(chunks)

    def _judge(self, odd: OddStream, payloads: Iterable[bytes], chunks: list[Chunk]) -> None:
        for payload in payloads:
            try:
                known = odd.take(decode_odd(payload, odd.kept))
            except (ErrorPayload, NotAChunk) as error:
                self._pass_over(payload, error)
                continue
            self._begun = True
            for chunk in known:
                if chunk.finish_reason is not None:
                    self._end(chunk)
                chunks.append(chunk)

    def _note(self, chunks: list[Chunk]) -> None:
        """Note that the reply began, and until content comes, of what there is something."""
        self._begun = self._begun or bool(chunks)
        if "content" not in self._came:
            self._came.update(
                field for field in ("content", "reasoning", "refusal") if any(getattr(c, field) for c in chunks)
            )

    def _end(self, chunk: Chunk) -> None:
        """Take a finish reason into account; after the first one, none can undo it."""
        if chunk.finish_reason in FAILED_REASONS:
            if not self._finished:
                raise ServerFailed(f"the endpoint broke off with finish_reason {chunk.finish_reason!r}")
            chunk.finish_reason = None
        self._finished = True

    def _pass_over(self, payload: bytes, error: ErrorPayload | NotAChunk) -> None:
        """Pass over what is no chunk; raises if it is an error, or half a chunk, and the reply has not ended."""
        text = payload.strip()
        if self.complete:
            self.done = self.done or text == b"[DONE]"
        elif isinstance(error, ErrorPayload):
            if error.certain:
                raise refusal.from_stream(error.body) from None
            self._told = error.body
        elif text == b"[DONE]":
            self.done = True
        elif isinstance(payload, TypedPayload) and payload.event != "message":
            if payload.event == "error":
                raise refusal.from_stream({"error": {"message": text.decode("utf-8", "replace")}}) from None
        elif is_torn(text):
            raise self._garbage(refusal.excerpt(text.decode("utf-8", "replace"))) from None
        elif text[:1] != b"{" and tells_trouble(text):
            raise refusal.from_stream({"error": {"message": text.decode("utf-8", "replace")}}) from None
        elif not keeps_alive(text):
            self._passed = text[: 4 * refusal.EXCERPT]

    def _whole(self) -> list[Chunk]:
        payload = self._text().strip().removeprefix("\ufeff").encode()
        try:
            odd = decode_odd(payload)
        except ErrorPayload as error:
            raise refusal.from_stream(error.body) from None
        except NotAChunk:
            if payload.endswith((b"}", b"]")):
                raise MalformedReply(f"not a chat completion: {refusal.excerpt(self._text())}") from None
            raise StreamCut("the JSON body ended in the middle") from None
        if odd.finish_reason is None and not any(first_choice_has(payload, name) for name in ("message", "text")):
            if first_choice_has(payload, "delta"):
                raise StreamCut("the stream ended before the reply was finished")
            raise MalformedReply(f"not a chat completion: {refusal.excerpt(self._text())}")
        if odd.finish_reason in FAILED_REASONS:
            raise ServerFailed(f"the endpoint broke off with finish_reason {odd.finish_reason!r}")
        self._begun = self._finished = True
        whole = OddStream(set(), ended=False)
        return whole.take(odd) + whole.finish()

    def _text(self) -> str:
        return b"".join(self._parts).decode("utf-8", "replace")

    def _unfinished(self) -> ProviderError:
        """Return the error for a body that ended before the reply did."""
        if self._told is not None and not self._begun:
            return refusal.from_stream(self._told)
        said = refusal.excerpt((self._passed or self._head).decode("utf-8", "replace"))
        if self._begun:
            return StreamCut("the stream ended before the reply was finished")
        if self._passed or (self._head.strip(_BLANK) and b"data:" not in self._head):
            return self._garbage(said)
        return StreamCut("the stream ended before anything of the reply came")

    def _garbage(self, said: str) -> StreamCut | MalformedReply:
        if self._begun:
            return StreamCut(f"the stream turned to garbage in the middle: {said}")
        return MalformedReply(f"not a chat completion: {said}")
