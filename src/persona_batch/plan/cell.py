"""One cell of the grid: everything that is asked in one conversation, of one turn or of several."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from persona_batch.chat import JsonValue, Message, Params, Placement
from persona_batch.checks import Check
from persona_batch.config.batch import Probe


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model lives. `identity` is the preset's name, or the base URL without credentials."""

    provider: str
    identity: str


@dataclass(frozen=True, slots=True)
class Partner:
    """The persona that speaks as the user of a talk.

    `opening` stands before what it hears and says; `rounds` counts the replies of the persona it talks with.
    """

    persona: str
    model: str
    params: Params
    opening: tuple[Message, ...]
    rounds: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One conversation to have; most are a single request.

    `messages` are those of the first turn; `turns` the user's messages after it (empty: single turn), each with the
    checks of its own; `probes` are asked on forks. With a `partner` the messages after the first are its. `checks`
    hold for every reply of this persona to this question, `first_checks` for that of the first turn; `probe_checks`
    for every probe's. `attributes` are the persona's grouping factors, `factors` the levels of the grid's own factors.
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
    turns: tuple[tuple[Message, tuple[Check, ...]], ...] = ()
    probes: tuple[Probe, ...] = ()
    partner: Partner | None = None
    checks: tuple[Check, ...] = ()
    first_checks: tuple[Check, ...] = ()
    probe_checks: tuple[Check, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[str, JsonValue] = field(default_factory=dict)
    answer: str | None = None
