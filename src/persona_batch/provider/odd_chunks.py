"""A payload of a chat stream that is not of the plain form, read field by field.

Whatever an endpoint may send for the same thing is known here: the text as parts, as `text`, or whole in a `message`;
the reasoning in any of its fields; other words for a finish reason; and what is an error object, or only keeps the
connection open.
"""

import json
import math
import re
from collections.abc import Iterator
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
FAILED_REASONS: Final = frozenset({"error", "network_error", "insufficient_system_resource", "abort"})

_THOUGHT_KEYS: Final = ("thinking", "reasoning", "text", "summary", "content")  # where a part of a thought has its text
_HIDDEN: Final = ("thinking", "reasoning", "summary", "thought")  # beginnings of the types of such parts
# What an object without choices says when work only goes on.
_ALIVE: Final = re.compile(
    r"ping|pong|keep.?alive|heart.?beat|progress|processing|queue|pending|waiting|started", re.IGNORECASE
)
_TROUBLE: Final = re.compile(
    r"error|exception|fail|refused|denied|forbidden|unauthori|invalid|unavailable|bad gateway|<html|overloaded|"
    r"time.?out|timed out|rate.?limit|too many|exceeded|quota|\bbusy\b|not found|unable|cannot|"
    r"错误|失败|异常|超时|超出|不足|繁忙|过多|频繁|拒绝|无效",
    re.IGNORECASE,
)


class NotAChunk(ValueError):
    """The payload is no chat completion chunk; the message says why."""


class ErrorPayload(ValueError):
    """The payload is an error object; `body` is the decoded JSON, `certain` False where it only has a message."""

    def __init__(self, body: Any, *, certain: bool = True) -> None:
        super().__init__("error object")
        self.body = body
        self.certain = certain


class OddChunk(Chunk, array_like=True, gc=False):
    """What a payload carries that is to be judged by what came before it: see `odd_stream`.

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
        body = _json(payload)
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
        usage=_usage(body.get("usage")) or _usage(choice.get("usage")),
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


def tells_trouble(payload: bytes) -> bool:
    """Whether a payload that is no JSON object tells of a failure in words; `: …` is a comment."""
    text = payload.decode("utf-8", "replace").lstrip()
    return not text.startswith(":") and _TROUBLE.search(text) is not None


def keeps_alive(payload: bytes) -> bool:
    """Whether a payload that is no chunk says nothing but that the connection is used (`null`, `{}`, `ping`, `: …`)."""
    text = payload.strip(b'{}[]" \t\r\n')
    return (
        text[:1] in (b"", b":")
        or text in (b"null", b"true", b"false")
        or text.isdigit()
        or bool(_ALIVE.search(text.decode("utf-8", "replace")))
    )


def is_torn(payload: bytes) -> bool:
    """Whether a payload that is no JSON object looks like the half of one."""
    text = payload.strip()
    if text[:1] != b"{" and text[:2] not in (b"[{", b"[["):
        return False
    try:
        _json(text)
    except (ValueError, RecursionError):
        return True
    return False


def whole_characters(text: str) -> str:
    """Return `text` with surrogate pairs as the characters they make, and halves of one as U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def first_choice_has(payload: bytes, name: str) -> bool:
    """Whether the JSON's first choice has a `message` (it is a whole chat completion) or a `delta` (a chunk of one)."""
    try:
        return _json(payload)["choices"][0][name] is not None
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


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
    if _tells_failure(body):
        raise ErrorPayload(body)
    if body.get("message") and not _is_alive(body):
        raise ErrorPayload(body, certain=False)
    raise NotAChunk("a JSON object without `choices`")


def _tells_failure(body: dict[str, Any]) -> bool:
    """Whether an object without choices and without `error` tells of a failure, and not that work goes on."""
    code = body.get("code") or body.get("error_code") or body.get("status_code")
    if (
        body.get("error_msg")
        or body.get("errors")
        or body.get("detail")
        or (code and str(code).lower() not in ("200", "0", "ok", "success"))
    ):
        return True
    return _TROUBLE.search(str(body.get("message"))) is not None and not _is_alive(body)


def _is_alive(body: dict[str, Any]) -> bool:
    said = [body.get(name) for name in ("type", "event", "object", "status", "message")]
    return any(isinstance(word, str) and _ALIVE.search(word) for word in said)


def _chosen(choices: list[dict[str, Any]], kept: int | None) -> dict[str, Any]:
    """Return the one choice, whatever its index; of several that of index `kept`, else the lowest."""
    if len(choices) == 1:
        return choices[0]
    of: dict[int, dict[str, Any]] = {
        index: choice for choice in reversed(choices) if isinstance(index := choice.get("index", 0), int)
    }
    return of.get(min(of, default=0) if kept is None else kept, {})


def _json(payload: bytes) -> Any:
    """Decode JSON; what the standard forbids but some endpoints send (NaN, lone surrogates, tabs) is taken."""
    text = payload.decode("utf-8", "replace")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text, strict=False)


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


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    counts = [_count(value.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
    return None if counts == [None, None, None] else Usage(*counts)


def _count(value: Any) -> int | None:
    try:
        number = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() else None
