"""A `Request` → the JSON body that is sent, with the endpoint's quirks applied."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import msgspec

from persona_batch.chat import Message, Params
from persona_batch.errors import BadRequest
from persona_batch.provider.contract import Request
from persona_batch.provider.presets import Preset

_encode = msgspec.json.Encoder().encode
_OTHER_NAMES: Final = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_REFUSALS: Final = (400, 404, 415, 422, 500, 501)  # 500: what a server comes to that checks nothing itself
_UNKNOWN: Final = re.compile(
    r"unsupported|not (be )?(supported|permitted|allowed|accepted|recognized)|n.t support|unknown|unrecogni|unexpected|"
    r"invalid (parameter|argument|field)|extra (inputs|fields)|no such|use \W?max_|deprecated|not compatible|"
    r"不支持|未知|无效的?(参数|字段)|不允许|请使用",
    re.IGNORECASE,
)


def sent_messages(messages: Sequence[Message], preset: Preset) -> Sequence[Message]:
    """Return the messages as the endpoint takes them: `developer` becomes `system` where it is unknown."""
    if preset.developer_role or all(message.role != "developer" for message in messages):
        return messages
    return tuple(
        Message("system", message.content, message.name) if message.role == "developer" else message
        for message in messages
    )


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an endpoint wants a request to be written: as its preset has it, or as it was learnt from a refusal.

    `renamed`: parameters that go out under another name, sorted.
    """

    stream_options: bool = True
    renamed: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, preset: Preset) -> Self:
        """Return the one that a preset knows."""
        name = preset.max_tokens_name
        return cls(preset.stream_options, () if name == "max_tokens" else (("max_tokens", name),))

    def name(self, param: str) -> str:
        """Return the name under which a parameter is sent."""
        return dict(self.renamed).get(param, param)

    def corrected(self, status: int, said: str, params: Params) -> Self | None:
        """Return the dialect without what an endpoint refused by its name; None: it refused something else."""
        if status not in _REFUSALS:
            return None
        if self.stream_options and ("stream_options" in said or "include_usage" in said):
            return replace(self, stream_options=False)
        if _UNKNOWN.search(said) is None:
            return None
        for param in params:
            other = _OTHER_NAMES.get(sent := self.name(param))
            if other is not None and re.search(rf"\b{sent}\b", said) and (other == param or other not in params):
                renamed = {**dict(self.renamed), param: other}
                return replace(self, renamed=tuple(sorted(pair for pair in renamed.items() if pair[0] != pair[1])))
        return None


def encode_body(request: Request, messages: Sequence[Message], extra_body: Params, dialect: Dialect) -> bytes:
    """Return the request's body; `extra_body` has the last word but on `stream`.

    Raises:
        BadRequest: it cannot be sent, or makes no sense (some servers silently accept what makes none).
    """
    more: Params = {"stream_options": {"include_usage": True}} if dialect.stream_options else {}
    body = _body(request, messages, more, extra_body, dialect)
    body["stream"] = True
    return _encoded(body)


def encode_whole(request: Request, preset: Preset, extra_body: Params) -> bytes:
    """Return the body of a request as it stands in a batch file: the same as is streamed, but answered whole.

    Args:
        request: what is asked.
        preset: whose dialect it is said in, as far as that is known before any refusal.
        extra_body: of the target; it has the last word, but on streaming.

    Raises:
        BadRequest: as `encode_body`.
    """
    body = _body(request, sent_messages(request.messages, preset), {}, extra_body, Dialect.of(preset))
    for name in ("stream", "stream_options"):
        body.pop(name, None)
    return _encoded(body)


def _body(request: Request, messages: Sequence[Message], more: Params, extra_body: Params, dialect: Dialect) -> Params:
    if not messages:
        raise BadRequest("there is no message to send")
    params = request.params
    if dialect.renamed:
        params = {dialect.name(param): value for param, value in params.items()}
    body: Params = {"model": request.model, "messages": messages, **params}
    own_extra = body.pop("extra_body", {})  # as the SDK's `extra_body`: what params carry of it is recorded
    body.update({**more, **extra_body, **own_extra})
    return body


def _encoded(body: Params) -> bytes:
    """Return the JSON of a body that makes sense; raises as `encode_body`."""
    _check(body)
    try:
        return _encode(body)
    except UnicodeEncodeError:
        raise BadRequest("a text has half a surrogate pair in it and cannot be sent as UTF-8") from None
    except TypeError as error:
        raise BadRequest(f"the parameters cannot be sent as JSON: {error}") from None


def _check(body: Params) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if isinstance(value, int) and value < 1:
            raise BadRequest(f"{name} is {value}; at least 1 is needed")
    temperature = body.get("temperature")
    if isinstance(temperature, int | float) and not 0 <= temperature < math.inf:
        raise BadRequest(f"temperature is {temperature}; it cannot be negative")
