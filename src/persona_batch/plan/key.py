"""The canonical key of a cell: the identity that resume relies on; and a set of a million of them.

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
_KEY_BYTES = 16
_BUCKETS = 1 << 13

_encode = msgspec.json.Encoder(order="sorted").encode


def cell_key(
    *,
    messages: Sequence[Message],
    model: str,
    params: Params,
    endpoint: str,
    sample: int,
    turns: Sequence[Message] = (),
    probes: bytes = b"",
    talk: bytes = b"",
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
        probes: what is asked on forks, as canonical JSON; empty: nothing.
        talk: the persona that speaks as the user, as canonical JSON; empty: none does.
        twin: tells apart two arms of one run that send the very same messages (an A/A comparison).
    """
    return join_key(
        endpoint=canonical_json(endpoint),
        messages=messages_json(messages),
        model=canonical_json(model),
        params=canonical_json(params),
        sample=sample,
        turns=messages_json(turns),
        probes=probes,
        talk=talk,
        twin=twin,
    )


def join_key(
    *,
    endpoint: bytes,
    messages: bytes,
    model: bytes,
    params: bytes,
    sample: int,
    turns: bytes = b"",
    probes: bytes = b"",
    talk: bytes = b"",
    twin: str | None = None,
) -> str:
    """Return the key of a cell whose parts are canonical JSON already (`messages`, `turns` without brackets)."""
    asked = b'{"endpoint":%b,"messages":[%b],"model":%b,"params":%b%b,"sample":%d%b%b%b,"v":%d}' % (
        endpoint,
        messages,
        model,
        params,
        b',"probes":%b' % probes if probes else b"",
        sample,
        b',"talk":%b' % talk if talk else b"",
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


class KeySet:
    """A set of keys (32 hex digits): about 23 bytes each, where a `set` of strings needs about 150.

    Keys are digests, so their first bits spread them evenly over buckets of bytes. A bucket of a million keys'
    set holds about 120, which one `find` searches in less time than Python needs to call it.
    """

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets = [b""] * _BUCKETS  # bytes, not bytearrays: those are grown with room to spare
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: str, /) -> bool:
        packed = bytes.fromhex(key)
        bucket = self._buckets[packed[0] << 5 | packed[1] >> 3]
        at = bucket.find(packed)
        return at >= 0 and (not at % _KEY_BYTES or _holds(bucket, packed))

    def add(self, key: str) -> bool:
        """Add a key; return False if it was there already.

        Raises:
            ValueError: the key is not 32 hex digits.
        """
        packed = bytes.fromhex(key)
        if len(packed) != _KEY_BYTES:
            raise ValueError(f"a key is 32 hex digits, not {key!r}")
        place = packed[0] << 5 | packed[1] >> 3
        bucket = self._buckets[place]
        if bucket.find(packed) >= 0 and _holds(bucket, packed):
            return False
        self._buckets[place] = bucket + packed
        self._count += 1
        return True


def _holds(bucket: bytes, packed: bytes) -> bool:
    """Tell a key from two neighbours that happen to spell it across their border."""
    at = bucket.find(packed)
    while at >= 0 and at % _KEY_BYTES:
        at = bucket.find(packed, at + 1)
    return at >= 0
