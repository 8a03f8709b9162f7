"""A `Request` → the JSON body that is sent, with the endpoint's quirks applied."""

import math
from collections.abc import Sequence

import msgspec

from persona_batch.chat import Message, Params
from persona_batch.errors import BadRequest
from persona_batch.provider.base import Request
from persona_batch.provider.presets import Preset

_encode = msgspec.json.Encoder().encode


def sent_messages(messages: Sequence[Message], preset: Preset) -> Sequence[Message]:
    """Return the messages as the endpoint takes them: `developer` becomes `system` where it is unknown."""
    if preset.developer_role or all(message.role != "developer" for message in messages):
        return messages
    return tuple(
        Message("system", message.content, message.name) if message.role == "developer" else message
        for message in messages
    )


def encode_body(
    request: Request, messages: Sequence[Message], preset: Preset, extra_body: Params, *, stream_options: bool
) -> bytes:
    """Return the request's body; `extra_body` has the last word but on `stream`.

    Raises:
        BadRequest: it cannot be sent, or makes no sense (some servers silently accept what makes none).
    """
    if not messages:
        raise BadRequest("there is no message to send")
    params = request.params
    if "max_tokens" in params and preset.max_tokens_name != "max_tokens":
        params = {(preset.max_tokens_name if name == "max_tokens" else name): value for name, value in params.items()}
    body: Params = {"model": request.model, "messages": messages, **params}
    own_extra = body.pop("extra_body", {})  # as the SDK's `extra_body`: what params carry of it is recorded
    if stream_options:
        body["stream_options"] = {"include_usage": True}
    body.update({**extra_body, **own_extra})
    body["stream"] = True
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
