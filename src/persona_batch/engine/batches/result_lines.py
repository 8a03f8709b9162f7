"""A line of results: whose it is, and what came of the request."""

from typing import Any, Final

import msgspec

from persona_batch.asking.reply import Failure, Incoming, Reply
from persona_batch.errors import ProviderError
from persona_batch.provider import refusal
from persona_batch.provider.contract import Burst, Request, StreamInfo
from persona_batch.provider.reply_decoder import ReplyDecoder
from persona_batch.record.runlog import Clean

_NEVER_ASKED: Final = ("batch_expired", "batch_cancelled", "batch_canceled")  # codes of requests nobody got to


class _Answer(msgspec.Struct):
    status_code: int = 200
    request_id: str | None = None
    body: msgspec.Raw = msgspec.Raw(b"null")


class ResultLine(msgspec.Struct):
    """One result, as the endpoint wrote it."""

    custom_id: str
    response: _Answer | None = None
    error: Any = None

    @property
    def missing(self) -> bool:
        """Whether the request was never asked: the batch ended before."""
        code = self.error.get("code") if isinstance(self.error, dict) else None
        return code in _NEVER_ASKED or (self.response is None and not self.error)

    @property
    def good(self) -> bool:
        """Whether it holds a completion."""
        if self.response is None or not 200 <= self.response.status_code < 300:
            return False
        try:
            return bool(_choices(self.response.body).choices)
        except (msgspec.MsgspecError, ValueError):
            return False

    @property
    def failure(self) -> ProviderError | None:
        """Why the request failed; None: it did not."""
        answer = self.response
        if answer is None:
            return refusal.from_stream({"error": self.error})
        if 200 <= answer.status_code < 300:
            return None
        try:
            body = msgspec.json.decode(answer.body)
        except (msgspec.MsgspecError, ValueError):
            body = bytes(answer.body).decode("utf-8", "replace")
        return refusal.from_response(answer.status_code, body or {"error": self.error}, None, answer.request_id)

    def answer(self, request: Request, info: StreamInfo, *, clean: Clean, keep_thinking: bool) -> Reply | Failure:
        """Return what the request came to, as if it had been streamed; `info` says what was sent."""
        info.request_id = None if self.response is None else self.response.request_id
        try:
            if (failed := self.failure) is not None:
                raise failed
            assert self.response is not None
            incoming, decoder = Incoming(), ReplyDecoder()
            chunks = [*decoder.feed(bytes(self.response.body)), *decoder.finish()]
            incoming.take(Burst(1, chunks), None)
        except ProviderError as error:
            return Failure.of(error, request, info, attempts=1, clean=clean)
        return incoming.whole(request, info, attempts=1, clean=clean, keep_thinking=keep_thinking)


class _Choices(msgspec.Struct):
    choices: list[msgspec.Raw] = []


_choices = msgspec.json.Decoder(_Choices).decode
read_line = msgspec.json.Decoder(ResultLine).decode
"""Reads one line.

Raises:
    MsgspecError, ValueError: it is no result.
"""
