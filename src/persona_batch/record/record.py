"""One finished cell as one JSON line; the field order is the order on disk."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec

from persona_batch.chat import JsonValue, Message, Params, Placement, Usage
from persona_batch.checks import Check, fault_of
from persona_batch.checks.check import KINDS

SCHEMA_VERSION = 1

Status: TypeAlias = Literal["ok", "truncated", "filtered", "empty", "error"]
CONTEXT_LENGTH: Final = "context_length"  # finish reason of a conversation that no longer fits the model's context
USABLE: Final = ("ok", "truncated")  # of these a reply is there to be compared


class ErrorInfo(msgspec.Struct, frozen=True):
    """Why a cell failed: `kind` is `ProviderError.kind`; `message` is free of keys."""

    kind: str
    message: str
    http_status: int | None = None


class Timing(msgspec.Struct, frozen=True):
    """When the last attempt was sent (UTC, ISO 8601), and how long it took, in milliseconds.

    `ttft_ms`: from sending to the first non-empty content or reasoning; `latency_ms`: to the end of the reply;
    `chunks`: stream events that carried text. Of imported results any of them may be unknown: None.
    """

    started_at: str | None = None
    ttft_ms: float | None = None
    latency_ms: float | None = None
    chunks: int | None = None


class TurnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a conversation: what the user said, and what came.

    `partner` is how the persona that spoke as the user came to say it; None where the user's words were given.
    """

    user: str
    reply: str = ""
    reasoning: str | None = None
    status: Status
    finish_reason: str | None = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    attempts: int = 1
    checks: list["CheckResult"] = msgspec.field(default_factory=list)
    request_id: str | None = None
    partner: "PartnerRecord | None" = None


class PartnerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The request in which the other persona of a talk made the user's next message."""

    persona: str
    model: str
    reasoning: str | None = None
    status: Status
    finish_reason: str | None = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    attempts: int = 1
    request_id: str | None = None


class ProbeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered to a probe, on a fork after turn `after` (from 1); it never entered the history."""

    after: int
    text: str
    reply: str = ""
    reasoning: str | None = None
    status: Status
    finish_reason: str | None = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    attempts: int = 1
    checks: list["CheckResult"] = msgspec.field(default_factory=list)
    request_id: str | None = None


class CheckResult(msgspec.Struct, frozen=True):
    """Outcome of one declared check; `check` is its name (`contains`, `not contains`, …).

    `expected` is the check's argument as a file writes it, so that two checks of one kind can be told apart; `reason`
    says what was found instead, on one line; null where the reply passed.
    """

    check: str
    passed: bool
    expected: Any = None
    reason: str | None = None

    @property
    def label(self) -> str:
        """The check on one line of a table: `contains 俺老孙`; of one that is not known, its name."""
        try:
            return self.declared.label
        except ValueError:  # of another version, or another hand
            return self.check

    @property
    def declared(self) -> Check:
        """The check behind it.

        Raises:
            ValueError: it is of an unknown kind, or its argument does not fit it.
        """
        kind = self.check.removeprefix("not ")
        if kind not in KINDS:
            raise ValueError(f"there is no check {kind!r}")
        argument = True if self.expected is None and kind == "in_character" else self.expected
        return Check(KINDS[kind], argument, self.check.startswith("not "))


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One cell, asked and answered (or failed). Fields as documented in docs/records.md.

    Only what a record cannot be without is required, so that those of an older version, which has not all the fields,
    stay readable; fields of a newer version are passed over. `engine` is `batch` where the reply came in a provider's
    batch file, and null where it was streamed, whichever engine asked.
    """

    schema_version: int = SCHEMA_VERSION
    key: str
    run_id: str = ""
    persona: str
    variant: int = 0
    question: str
    speaker: str | None = None
    sample: int = 0
    placement: Placement = "system"
    provider: str = ""
    model: str = ""
    model_returned: str | None = None
    params: Params = msgspec.field(default_factory=dict)
    messages: list[Message] = msgspec.field(default_factory=list)
    reply: str = ""
    reasoning: str | None = None
    status: Status
    finish_reason: str | None = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    attempts: int = 1
    checks: list[CheckResult] = msgspec.field(default_factory=list)
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    factors: dict[str, JsonValue] = msgspec.field(default_factory=dict)
    turns: list[TurnRecord] | None = None
    probes: list[ProbeRecord] | None = None
    request_id: str | None = None
    system_fingerprint: str | None = None
    engine: str | None = None

    @property
    def usages(self) -> Iterator[Usage]:
        """The token counts of all its requests, as far as they are known."""
        return usages(self)

    @property
    def results(self) -> Iterator[CheckResult]:
        """The outcomes of the checks of all its replies; of a single turn, `checks`."""
        if self.turns is None:
            yield from self.checks
        for part in (*(self.turns or ()), *(self.probes or ())):
            yield from part.checks

    @property
    def played(self) -> int:
        """The turn (from 1) that `messages` and `reply` are of: the last, or the one before where that had no room."""
        turns = self.turns or ()
        if len(turns) < 2:
            return 1
        last = turns[-1]
        return len(turns) - (not last.user or (last.status == "error" and self.status != "error"))

    @property
    def opening(self) -> list[Message]:
        """What stood before the first message of the user."""
        return self.messages[: max(0, len(self.messages) - 2 * self.played + 1)]

    @property
    def asked(self) -> list[Any]:
        """What was asked: the messages, but of a conversation what the user said and no reply to it.

        In a talk only the first message was given; probes are a part of what was asked.
        """
        if not self.turns:
            return list(self.messages)
        given = [turn.user for turn in self.turns if turn.partner is None]
        return [*self.opening, *given, [(probe.after, probe.text) for probe in self.probes or ()]]

    @property
    def usable(self) -> bool:
        """Whether there is a reply to be compared."""
        return self.status in USABLE


class Spent(msgspec.Struct, frozen=True):
    """What a request of a conversation cost; `partner` is the request in which the user's message was made."""

    usage: Usage | None = None
    partner: "Spent | None" = None


class Spending(Protocol):
    """What knows the costs of a record."""

    @property
    def usage(self) -> Usage | None: ...
    @property
    def turns(self) -> "Sequence[TurnRecord | Spent] | None": ...
    @property
    def probes(self) -> "Sequence[ProbeRecord | Spent] | None": ...


def usages(record: Spending) -> Iterator[Usage]:
    """Yield the token counts of all requests of a record, as far as they are known."""
    if record.turns is None:
        if record.usage is not None:
            yield record.usage
        return
    for turn in record.turns:
        for request in (turn, turn.partner):
            if request is not None and request.usage is not None:
                yield request.usage
    for probe in record.probes or ():
        if probe.usage is not None:
            yield probe.usage


def judged(
    checks: Sequence[Check], reply: str, *, answer: str | None = None, shown: str | None = None
) -> list[CheckResult]:
    """Return the outcome of each declared check on a reply.

    Args:
        checks: those that hold for what was asked.
        reply: as it came.
        answer: the right one to the question, where it has one.
        shown: the reply as it is written down, where a key was taken out of it: what the reasons may quote.
    """
    results = []
    for check in checks:
        fault = fault_of(check, reply, answer)
        if fault is not None and shown is not None and shown != reply:
            fault = fault_of(check, shown, answer) or "it failed by what was taken out of the reply"
        results.append(CheckResult(check.name, fault is None, check.expected, fault))
    return results


encode = msgspec.json.Encoder().encode
