"""One JSON payload of a chat stream → a `contract.Chunk`, in about a microsecond.

The typed decoder reads only the fields that matter. Its types are narrow on purpose: a payload with anything else in it
(a content given as parts, an index that is not 0, a `message` beside the delta, a token count given as a string) does
not fit, and is read again field by field by `decode_odd`. Tool calls are read over.

Whatever an endpoint may send for the same thing is known there: the text as parts, as `text`, or whole in a `message`;
the reasoning in any of its fields; other words for a finish reason; and what is an error object.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from persona_batch.provider.contract import Chunk
from persona_batch.provider.counts import TokenCounts, counts_of
from persona_batch.provider.payloads import is_alive, lenient_json, tells_failure

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
FAILED_REASONS: Final = frozenset({"error", "network_error", "insufficient_system_resource", "abort"})

_THOUGHT_KEYS: Final = ("thinking", "reasoning", "text", "summary", "content")  # where a part of a thought has its text
_HIDDEN: Final = ("thinking", "reasoning", "summary", "thought")  # beginnings of the types of such parts


class NotAChunk(ValueError):
    """The payload is no chat completion chunk; the message says why."""


class ErrorPayload(ValueError):
    """The payload is an error object; `body` is the decoded JSON, `certain` False where it only has a message."""

    def __init__(self, body: Any, *, certain: bool = True) -> None:
        super().__init__("error object")
        self.body = body
        self.certain = certain


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
    usage: TokenCounts | None = None
    message: None = None
    text: Literal[""] | None = None


class _Event(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    usage: TokenCounts | None = None
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
    counted = event.usage
    usage = None if counted is None else counted.plain()
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
        choice.usage.plain() if usage is None and choice.usage is not None else usage,
        event.model,
        event.system_fingerprint,
        delta.refusal or "",
    )


class OddChunk(Chunk, array_like=True, gc=False):
    """What a payload carries that is to be judged by what came before it: see `choices`.

    `index` is that of the choice (None: it has none), `several` whether it stood beside others; `summed_up`: the text
    is that of a `message`, which may repeat what came piece by piece; `detailed`: the reasoning is that of a list of
    details, which may repeat it too. The text may hold half a surrogate pair (an emoji cut in two).
    """

    index: int | None = None
    several: bool = False
    summed_up: bool = False
    detailed: bool = False


class _Said:
    """What a delta or a message says: its text, its reasoning and its refusal."""

    def __init__(self, said: Any) -> None:
        said = said if isinstance(said, dict) else {"content": said}
        parts = list(_parts(said.get("content")))
        hidden = "".join(text for text, thought in parts if thought)
        details = [_thought(said.get(name)) for name in ("reasoning_details", "thinking_blocks")]
        fields = [_thought(said.get(name)) for name in ("reasoning_content", "reasoning", "thinking")]
        self.content = "".join(text for text, thought in parts if not thought)
        self.reasoning = next(filter(None, fields), "")
        self.detailed = not self.reasoning and any(details)
        if self.detailed:
            self.reasoning = next(filter(None, details))
        if hidden != self.reasoning:
            self.reasoning += hidden
        self.refusal = said["refusal"] if isinstance(said.get("refusal"), str) else ""

    def __bool__(self) -> bool:
        return bool(self.content or self.reasoning or self.refusal)


def decode_odd(payload: bytes, kept: int | None = None) -> OddChunk:
    """Read any shape of chunk, or a whole chat completion; of several choices that of index `kept`, else the lowest.

    Raises:
        ErrorPayload: it is an error object.
        NotAChunk: it is no JSON, or no chunk.
    """
    try:
        body = lenient_json(payload)
    except (ValueError, RecursionError):
        raise NotAChunk("not JSON") from None
    if not isinstance(body, dict):
        raise NotAChunk("not a JSON object")
    try:
        return _odd_chunk(body, kept)
    except RecursionError:
        raise NotAChunk("nested too deeply") from None


def _odd_chunk(body: dict[str, Any], kept: int | None) -> OddChunk:
    choices = _choices(body)
    choice = _chosen(choices, kept)
    delta, message, text = choice.get("delta"), choice.get("message"), choice.get("text")
    said = _Said(delta)
    summed_up = not said and not text and message is not None
    if summed_up:
        said = _Said(message)
    index, reason = choice.get("index"), choice.get("finish_reason")
    reason = reason if isinstance(reason, str) else None
    return OddChunk(
        content=said.content or (text if isinstance(text, str) else ""),
        reasoning=said.reasoning,
        finish_reason=_name(FINISH_REASONS.get(reason, reason)) if reason else None,
        usage=counts_of(body.get("usage")) or counts_of(choice.get("usage")),
        model=_name(body.get("model")),
        system_fingerprint=_name(body.get("system_fingerprint")),
        refusal=said.refusal,
        index=index if isinstance(index, int) else None,
        several=len(choices) > 1,
        summed_up=summed_up,
        detailed=said.detailed,
    )


def plain_if_it_is(odd: OddChunk) -> Chunk:
    """Return the plain chunk, unless what came before it matters."""
    if odd.index or odd.several or odd.summed_up or odd.detailed or not _can_be_written(odd):
        return odd
    return Chunk(
        odd.content, odd.reasoning, odd.finish_reason, odd.usage, odd.model, odd.system_fingerprint, odd.refusal
    )


def whole_characters(text: str) -> str:
    """Return `text` with surrogate pairs as the characters they make, and halves of one as U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _choices(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the choices of a payload; none where it only counts tokens; raises as `decode_odd`."""
    error = body.get("error")
    if (any(error.values()) if isinstance(error, dict) else error) or "error" in (body.get("object"), body.get("type")):
        raise ErrorPayload(body)
    result = body.get("base_resp")  # MiniMax's, which stands in good replies too
    if isinstance(result, dict) and result.get("status_code") not in (None, 0, "0"):
        raise ErrorPayload(body)
    choices = body.get("choices")
    if isinstance(choices, list):
        return [choice for choice in choices if isinstance(choice, dict) and choice]
    if isinstance(body.get("usage"), dict):
        return []
    if tells_failure(body):
        raise ErrorPayload(body)
    if body.get("message") and not is_alive(body):
        raise ErrorPayload(body, certain=False)
    raise NotAChunk("a JSON object without `choices`")


def _chosen(choices: list[dict[str, Any]], kept: int | None) -> dict[str, Any]:
    """Return the one choice, whatever its index; of several that of index `kept`, else the lowest."""
    if len(choices) == 1:
        return choices[0]
    of: dict[int, dict[str, Any]] = {
        index: choice for choice in reversed(choices) if isinstance(index := choice.get("index", 0), int)
    }
    return of.get(min(of, default=0) if kept is None else kept, {})


def _can_be_written(chunk: Chunk) -> bool:
    try:
        f"{chunk.content}{chunk.reasoning}{chunk.refusal}".encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(value: Any) -> str | None:
    return whole_characters(value) if isinstance(value, str) else None


def _parts(value: Any) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a content given as text or as parts, and whether each is a thought."""
    if isinstance(value, str):
        yield value, False
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, dict):
        if str(value.get("type") or "").startswith(_HIDDEN) or value.get("thought") is True:
            yield _thought(value), True
        else:
            yield from _parts(value.get("text") or value.get("value"))


def _thought(value: Any) -> str:
    """Return the text of reasoning given as text, as parts, or as details of any type."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_thought, value))
    if isinstance(value, dict):
        return next(filter(None, (_thought(value.get(key)) for key in _THOUGHT_KEYS)), "")
    return ""
