"""One cell of the grid: everything that is asked in one request."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from persona_batch.chat import Message, Params, Placement
from persona_batch.checks import Check


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
