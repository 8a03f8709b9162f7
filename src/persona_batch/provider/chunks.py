"""One JSON payload of a chat stream → a `base.Chunk`.

The typed decoder reads only the fields that matter and takes what well-behaved endpoints send in about a
microsecond; a payload that does not fit it (a content given as parts, a token count given as a string) is read
again field by field. Further choices (`n` > 1) and tool calls are read over.
"""

import json
from typing import Any, Final

import msgspec

from persona_batch.chat import Usage
from persona_batch.provider.base import Chunk

FINISH_REASONS: Final = {
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "sensitive": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
}  # spellings of other families, in OpenAI's words
_ERROR_FIELDS: Final = frozenset(
    {"message", "msg", "error_msg", "error_code", "code", "errors", "detail", "status_code"}
)
FAILED_REASONS: Final = frozenset({"error", "network_error", "insufficient_system_resource", "abort"})


class NotAChunk(ValueError):
    """The payload is no chat completion chunk; the message says why."""


class ErrorPayload(ValueError):
    """The payload is an error object; `body` is the decoded JSON."""

    def __init__(self, body: Any) -> None:
        super().__init__("error object")
        self.body = body


class HalfCharacter(ValueError):
    """The payload's text has half a surrogate pair in it (an emoji cut in two); `chunk` is what it carries."""

    def __init__(self, chunk: Chunk) -> None:
        super().__init__("half a surrogate pair")
        self.chunk = chunk


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    index: int = 0
    finish_reason: str | None = None
    usage: Usage | None = None
    message: msgspec.Raw | None = None


class _Event(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    usage: Usage | None = None
    error: msgspec.Raw | None = None
    base_resp: msgspec.Raw | None = None
    object: str | None = None


_decode = msgspec.json.Decoder(_Event).decode
_no_delta = _Delta()


def decode_chunk(payload: bytes) -> Chunk:
    """Return what one payload carries.

    Raises:
        ErrorPayload: it is an error object.
        NotAChunk: it is no JSON, or no chunk.
        HalfCharacter: it is a chunk, but its text is not yet fit to be written.
    """
    try:
        event = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode_loosely(payload)
    choices = event.choices
    if event.error is not None or choices is None or event.base_resp is not None or event.object == "error":
        return decode_loosely(payload)
    usage = event.usage
    if not choices:
        return Chunk("", "", None, usage, event.model, event.system_fingerprint)
    choice = choices[0]
    if choice.index or choice.message is not None:
        return decode_loosely(payload)
    delta = choice.delta or _no_delta
    reason = choice.finish_reason
    if reason:
        reason = FINISH_REASONS.get(reason, reason)
    return Chunk(
        delta.content or "",
        delta.reasoning_content or delta.reasoning or "",
        reason or None,
        usage or choice.usage,
        event.model,
        event.system_fingerprint,
        delta.refusal or "",
    )


def decode_loosely(payload: bytes) -> Chunk:
    """Read any shape of chunk, or a whole chat completion, as `Chunk`; raises like `decode_chunk`."""
    try:
        body = _json(payload)
    except (ValueError, RecursionError):
        raise NotAChunk("not JSON") from None
    if not isinstance(body, dict):
        raise NotAChunk("not a JSON object")
    if body.get("error") or body.get("object") == "error" or _failed(body.get("base_resp")):
        raise ErrorPayload(body)
    choices = body.get("choices")
    if choices is None and isinstance(body.get("usage"), dict):
        choices = []
    if not isinstance(choices, list):
        if not _ERROR_FIELDS.isdisjoint(body):
            raise ErrorPayload(body)
        raise NotAChunk("a JSON object without `choices`")
    choice = next(
        (item for item in choices if isinstance(item, dict) and not item.get("index")), {}
    )  # index 0, or none given
    said = choice.get("delta") or choice.get("message") or {}
    if not isinstance(said, dict):
        raise NotAChunk("a choice without a message")
    reason = choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else None
    chunk = Chunk(
        content=_text(said.get("content")) or _text(choice.get("text")),
        reasoning=_text(said.get("reasoning_content")) or _text(said.get("reasoning")),
        finish_reason=_name(FINISH_REASONS.get(reason, reason)) if reason else None,
        usage=_usage(body.get("usage")) or _usage(choice.get("usage")),
        model=_name(body.get("model")),
        system_fingerprint=_name(body.get("system_fingerprint")),
        refusal=_text(said.get("refusal")),
    )
    if not _is_whole_text(chunk.content + chunk.reasoning + chunk.refusal):
        raise HalfCharacter(chunk)
    return chunk


def _failed(result: Any) -> bool:
    """Whether MiniMax's `base_resp`, which stands in good replies too, tells of a failure."""
    return isinstance(result, dict) and result.get("status_code") not in (None, 0, "0")


def whole_characters(text: str) -> str:
    """Return `text` with surrogate pairs as the characters they make, and halves of one as U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_whole(payload: bytes) -> bool:
    """Whether the JSON is a whole chat completion: a first choice that has a message."""
    try:
        return isinstance(_json(payload)["choices"][0]["message"], dict)
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def _json(payload: bytes) -> Any:
    """Decode JSON; what the standard forbids but some endpoints send (NaN, lone surrogates) is taken."""
    text = payload.decode("utf-8", "replace")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def _is_whole_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(value: Any) -> str | None:
    return whole_characters(value) if isinstance(value, str) else None


def _text(value: Any) -> str:
    """Return a content given as text or as a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text(part.get("text")) if isinstance(part, dict) else _text(part) for part in value)
    return ""


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    counts = [_count(value.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
    return None if counts == [None, None, None] else Usage(*counts)


def _count(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return None
