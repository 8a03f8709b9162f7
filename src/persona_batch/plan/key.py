"""The canonical key of a cell: the identity that resume relies on.

The recipe is versioned: blake2b-128 over canonical JSON (in the spirit of RFC 8785: sorted names, no spaces, whole
floats as integers) of what is asked. Names of personas and questions are no part of it: renaming asks nothing
anew, editing a prompt does.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence

import msgspec

from persona_batch.chat import JsonValue, Message, Params

KEY_VERSION = 1

_encode = msgspec.json.Encoder(order="sorted").encode


def cell_key(
    *,
    messages: Sequence[Message],
    model: str,
    params: Params,
    endpoint: str,
    sample: int,
    turns: Sequence[Message] = (),
    twin: str | None = None,
) -> str:
    """Return the 32 hex digits that name a cell on every machine.

    Args:
        messages: the messages of the first turn, as sent.
        model: the model's name at the endpoint.
        params: the merged request parameters.
        endpoint: `Endpoint.identity`.
        sample: 0, 1, … for repeats.
        turns: user messages after the first turn.
        twin: tells apart two arms of one run that send the very same messages (an A/A comparison).
    """
    return join_key(
        endpoint=canonical_json(endpoint),
        messages=messages_json(messages),
        model=canonical_json(model),
        params=canonical_json(params),
        sample=sample,
        turns=messages_json(turns),
        twin=twin,
    )


def join_key(
    *,
    endpoint: bytes,
    messages: bytes,
    model: bytes,
    params: bytes,
    sample: int,
    turns: bytes,
    twin: str | None,
) -> str:
    """Return the key of a cell whose parts are canonical JSON already (`messages`, `turns` without brackets)."""
    asked = b'{"endpoint":%b,"messages":[%b],"model":%b,"params":%b,"sample":%d%b%b,"v":%d}' % (
        endpoint,
        messages,
        model,
        params,
        sample,
        b',"turns":[%b]' % turns if turns else b"",
        b"" if twin is None else b',"twin":%b' % _encode(twin),
        KEY_VERSION,
    )
    return hashlib.blake2b(asked, digest_size=16).hexdigest()


def messages_json(messages: Sequence[Message]) -> bytes:
    """Return messages as canonical JSON objects joined by commas."""
    return b",".join(map(_encode, messages))


def canonical_json(value: JsonValue) -> bytes:
    """Return `value` as canonical JSON: equal values give equal bytes, whatever their order or spelling."""
    return _encode(_canonical(value))


def _canonical(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return value
