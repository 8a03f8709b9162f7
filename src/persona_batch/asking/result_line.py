"""A line of a batch's results → what the request would have come to had it been streamed.

A completion is read by what reads it anywhere else (`ReplyDecoder`, `Incoming`), a failure is judged by `refusal`.
"""

import json
import re
from typing import Any, Final

import msgspec

from persona_batch.asking.reply import Failure, Incoming, Reply
from persona_batch.errors import MalformedReply, ProviderError
from persona_batch.provider import refusal
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo
from persona_batch.provider.payloads import lenient_json
from persona_batch.provider.reply_decoder import ReplyDecoder
from persona_batch.record.runlog import Clean

_NEVER_ASKED: Final = ("batch_expired", "batch_cancelled", "batch_canceled")  # codes of requests nobody got to
_REQUEST_ID: Final = re.compile(r"[!-~]{1,128}")


class _Response(msgspec.Struct):
    status_code: int | None = None
    request_id: str | None = None
    body: msgspec.Raw = msgspec.Raw(b"null")


class ResultLine(msgspec.Struct):
    """One result, as the endpoint wrote it: whose it is, and what came of the request."""

    custom_id: str
    response: _Response | None = None
    error: Any = None

    @property
    def missing(self) -> bool:
        """Whether the request was never asked: the batch ended before."""
        if self.response is not None and bytes(self.response.body) != b"null":
            return False
        code = self.error.get("code") if isinstance(self.error, dict) else None
        return code in _NEVER_ASKED or not (self.error or self._status)

    @property
    def good(self) -> bool:
        """Whether it holds a whole completion."""
        try:
            self._chunks(ReplyDecoder())
        except ProviderError:
            return False
        return True

    @property
    def failure(self) -> ProviderError | None:
        """Why the request failed; None: it did not."""
        try:
            self._chunks(ReplyDecoder())
        except ProviderError as error:
            return error
        return None

    def answer(self, request: Request, info: StreamInfo, *, clean: Clean, keep_thinking: bool) -> Reply | Failure:
        """Return what the request came to, as if it had been streamed, but for its times, which nobody knows.

        Args:
            request: as it was asked.
            info: what is known of how it was sent; the request's id is filled in.
            clean: takes secrets out of a text.
            keep_thinking: leave a thought that the model wrote into its text where it is.
        """
        decoder, incoming = ReplyDecoder(), Incoming()
        info.request_id = info.request_id or self._request_id
        try:
            incoming.take(Burst(1, self._chunks(decoder)), None)
        except ProviderError as error:
            return Failure.of(error, request, info, attempts=1, clean=clean)
        info.request_id = info.request_id or decoder.response_id
        return incoming.whole(request, info, attempts=1, clean=clean, keep_thinking=keep_thinking)

    def _chunks(self, decoder: ReplyDecoder) -> list[Chunk]:
        """Return the chunks of the completion; raises as it would have been raised while it was streamed."""
        status = self._status
        if self.response is None or (status is not None and not 200 <= status < 300):
            raise self._refused(status)
        body = bytes(self.response.body)
        if body == b"null":
            raise self._refused(None) if self.error else MalformedReply("the result has no body", http_status=status)
        return [*decoder.feed(body), *decoder.finish()]

    def _refused(self, status: int | None) -> ProviderError:
        body = None if self.response is None else _decoded(bytes(self.response.body))
        if body in (None, "", {}, []):
            body = self.error
        if isinstance(body, dict) and "error" not in body:  # as in every other answer
            body = {"error": body}
        if status is None or status < 300:
            return refusal.from_stream(body, self._request_id)
        return refusal.from_response(status, body, None, self._request_id)

    @property
    def _status(self) -> int | None:
        return None if self.response is None else self.response.status_code

    @property
    def _request_id(self) -> str | None:
        said = None if self.response is None else self.response.request_id
        return said if said and _REQUEST_ID.fullmatch(said) else None


_decode = msgspec.json.Decoder(ResultLine, strict=False).decode  # a status may come as a text


def read_line(line: bytes) -> ResultLine:
    """Return the result of a line.

    Raises:
        ValueError: it is none.
    """
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _leniently(line)


def _leniently(line: bytes) -> ResultLine:
    """Read what the standard of JSON forbids but some endpoints write: halves of surrogate pairs, NaN, tabs."""
    try:
        found = lenient_json(line)
        response = found.get("response")
        body = response.pop("body", None) if isinstance(response, dict) else None
        result = msgspec.convert(found, ResultLine, strict=False)
        if result.response is not None:
            result.response.body = msgspec.Raw(json.dumps(body).encode())
    except (ValueError, AttributeError, RecursionError) as error:  # msgspec's are ValueErrors
        raise ValueError(f"not a line of results: {error}") from None
    return result


def _decoded(body: bytes) -> Any:
    try:
        return lenient_json(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
