"""One JSON payload of a chat stream → a `base.Chunk`, in about a microsecond.

The typed decoder reads only the fields that matter. Its types are narrow on purpose: a payload with anything else in it
(a content given as parts, an index that is not 0, a `message` beside the delta, a token count given as a string) does
not fit, and is read again field by field in `odd_chunks`. Tool calls are read over.
"""

from typing import Annotated, Literal

import msgspec

from persona_batch.chat import Usage
from persona_batch.provider.base import Chunk
from persona_batch.provider.odd_chunks import FINISH_REASONS, decode_odd, plain_if_it_is

_Nothing = Annotated[list[msgspec.Raw], msgspec.Meta(max_length=0)] | Literal[""] | None


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    reasoning_details: _Nothing = None
    thinking: _Nothing = None
    thinking_blocks: _Nothing = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    index: Literal[0] | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    message: None = None
    text: Literal[""] | None = None


class _Event(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    usage: Usage | None = None
    error: None = None
    base_resp: msgspec.Raw | None = None
    object: str | None = None


_decode = msgspec.json.Decoder(_Event).decode
_no_delta = _Delta()


def decode_chunk(payload: bytes) -> Chunk:
    """Return what one payload carries; an `OddChunk` where that depends on what came before.

    Raises:
        ErrorPayload: it is an error object.
        NotAChunk: it is no JSON, or no chunk.
    """
    try:
        event = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return plain_if_it_is(decode_odd(payload))
    choices = event.choices
    if choices is None or event.base_resp is not None or event.object == "error":
        return plain_if_it_is(decode_odd(payload))
    usage = event.usage
    if not choices:
        return Chunk("", "", None, usage, event.model, event.system_fingerprint)
    if len(choices) > 1:
        return plain_if_it_is(decode_odd(payload))
    choice = choices[0]
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
