"""One cell of the grid: everything that is asked in one conversation, of one turn or of several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from persona_batch.chat import JsonValue, Message, Params, Placement
from persona_batch.checks import Check
from persona_batch.config.batch import Probe


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model lives. `identity` is the user's id, the preset's name, or the base URL without credentials."""

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

    `messages` are those of the first turn, `text` what the user says in it; `turns` the user's messages after it, each
    with the checks of its own; `probes` are asked on forks. With a `partner` the messages after the first are its.
    `checks` hold for every reply of this persona to this question, `first_checks` for that of the first turn;
    `probe_checks` for every probe's. `attributes` are the persona's grouping factors, `factors` the levels of the
    grid's own factors.
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
    text: str = ""
    turns: tuple[tuple[Message, tuple[Check, ...]], ...] = ()
    probes: tuple[Probe, ...] = ()
    partner: Partner | None = None
    checks: tuple[Check, ...] = ()
    first_checks: tuple[Check, ...] = ()
    probe_checks: tuple[Check, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[str, JsonValue] = field(default_factory=dict)
    answer: str | None = None

    @property
    def converses(self) -> bool:
        """Whether it is more than one request."""
        return bool(self.turns or self.probes or self.partner)

    @property
    def rounds(self) -> int:
        """How many replies the conversation has, if it comes to its end."""
        return 1 + len(self.turns) if self.partner is None else self.partner.rounds

    @property
    def requests(self) -> int:
        """How many requests it is then."""
        rounds = self.rounds
        return rounds + (0 if self.partner is None else rounds - 1) + asked_on_forks(self.probes, rounds)

    def checks_of(self, turn: int) -> tuple[Check, ...]:
        """Return what the reply of a turn (from 1) is held to: the question's answer is that of the last turn."""
        general = self.checks if turn == self.rounds else tuple(check for check in self.checks if not check.keyed)
        if turn == 1:
            return general + self.first_checks
        return general + (self.turns[turn - 2][1] if self.turns else ())

    def checks_of_probe(self, after: int, text: str) -> tuple[Check, ...]:
        """Return what the reply to a probe after a turn (from 1) is held to."""
        asked = (probe for probe in self.probes if probe.text == text and (not probe.after or after in probe.after))
        return self.probe_checks + next((probe.checks for probe in asked), ())


def asked_on_forks(probes: Sequence[Probe], turns: int) -> int:
    """Return how many requests probes are in a conversation of so many turns."""
    return sum(sum(turn <= turns for turn in probe.after) if probe.after else turns for probe in probes)
