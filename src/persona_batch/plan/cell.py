"""One cell of the grid: everything that is asked in one request, and its canonical key.

The key is the identity that resume relies on, so its recipe is versioned: blake2b-128 over canonical JSON
(RFC 8785 in spirit: sorted names, no spaces, whole floats as integers) of what is asked. Names of personas
and questions are no part of it: renaming asks nothing anew, editing a prompt does.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from persona_batch.chat import Message, Params, Placement
from persona_batch.checks import Check

KEY_VERSION = 1

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model lives. `identity` is the preset's name, or the base URL without credentials."""

    provider: str
    identity: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One request to make.

    `messages` are those of the first turn; `turns` the user messages that follow it (empty: single turn);
    `attributes` are the persona's grouping factors; `checks` those that hold for this persona and question.
    """

    key: str
    persona: str
    variant: int
    question: str
    speaker: str | None
    sample: int
    placement: Placement
    endpoint: Endpoint
    model: str
    params: Params
    messages: tuple[Message, ...]
    turns: tuple[Message, ...] = ()
    checks: tuple[Check, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    answer: str | None = None


def cell_key(
    *,
    messages: Sequence[Message],
    model: str,
    params: Mapping[str, Any],
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
    asked: dict[str, Any] = {
        "v": KEY_VERSION,
        "messages": [_plain(message) for message in messages],
        "model": model,
        "params": _canonical(params),
        "endpoint": endpoint,
        "sample": sample,
    }
    if turns:
        asked["turns"] = [_plain(message) for message in turns]
    if twin is not None:
        asked["twin"] = twin
    return hashlib.blake2b(_encode(asked), digest_size=16).hexdigest()


def _plain(message: Message) -> dict[str, str]:
    plain = {"role": message.role, "content": message.content}
    if message.name is not None:
        plain["name"] = message.name
    return plain


def _canonical(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return value
