"""A conversation: turn by turn with the model's own replies in between, with probes on forks of it.

The user's messages are written out (`turns`), or those of another persona (`with`), which hears the replies as what its
user says. A probe goes out with all the turns before it, and nothing of it is ever sent again (the design of
arXiv:2402.10962, instruction stability).

A conversation ends at the first request that is given up, for what comes after would be another conversation; and with
a reply that is no reply to go on from (empty, or stopped by a filter). One that no longer fits the model's context has
ended too, with all its turns until then.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from persona_batch.asking.asker import Asker
from persona_batch.asking.permits import Reservation
from persona_batch.asking.reply import Failure, Reply
from persona_batch.chat import Message
from persona_batch.checks import Check
from persona_batch.errors import ContextTooLong
from persona_batch.plan.cell import Cell, Partner
from persona_batch.provider.contract import Request
from persona_batch.record import USABLE, ErrorInfo, Status, Timing
from persona_batch.record.record import CONTEXT_LENGTH, PartnerRecord, ProbeRecord, TurnRecord, judged
from persona_batch.record.runlog import utc_text


class Ending(NamedTuple):
    """How a conversation ended that did not come to its end, or not by its last reply."""

    status: Status
    finish_reason: str | None
    error: ErrorInfo


class Talk:
    """Plays the conversation of one cell.

    After `play`, `turns` and `probes` are what came of it, `last` is the answer to the last turn that was asked (not to
    one that had no room any more), held to `last_checks`; `ending` says why it ended early (None: it did not, or `last`
    says so itself).
    """

    def __init__(self, cell: Cell, asker: Asker) -> None:
        self.turns: list[TurnRecord] = []
        self.probes: list[ProbeRecord] = []
        self.last: Reply | Failure
        self.last_checks: tuple[Check, ...] = ()
        self.ending: Ending | None = None
        self._cell = cell
        self._asker = asker
        self._history = cell.messages
        self._reserved: Reservation | None = None

    async def play(self) -> None:
        """Ask everything.

        Raises:
            Halted: asking was stopped.
        """
        cell = self._cell
        first = Request(cell.model, cell.messages, cell.params)
        models = [cell.model, *([] if cell.partner is None else [cell.partner.model])]
        later = [*(message.content for message, _ in cell.turns), *(probe.text for probe in cell.probes)]
        async with self._asker.reserve(cell.requests, first, models=models, later=later) as reserved:
            self._reserved = reserved
            if not await self._turn(cell.messages[-1], cell.text, None):
                return
            while len(self.turns) < cell.rounds:
                heard = await self._next()
                if heard is None:
                    return
                message, partner = heard
                self._history = (*self._history, Message("assistant", self.turns[-1].reply), message)
                if not await self._turn(message, message.content, partner):
                    return

    async def _turn(self, message: Message, said: str, partner: PartnerRecord | None) -> bool:
        """Ask one turn and the probes after it; return whether the conversation can go on."""
        cell = self._cell
        number = len(self.turns) + 1
        answer = await self._ask(cell.model, self._history, cell.params)
        checks = cell.checks_of(number)
        self.turns.append(
            TurnRecord(user=said, partner=partner, checks=_judged(checks, answer, cell.answer), **_came(answer))
        )
        if isinstance(answer, Failure) and isinstance(answer.error, ContextTooLong) and number > 1:
            self._outgrown(answer)
            return False
        self.last, self.last_checks = answer, checks
        if isinstance(answer, Failure) or answer.status not in USABLE:
            return False
        return await self._probe(number, message.name, answer.text)

    async def _next(self) -> tuple[Message, PartnerRecord | None] | None:
        """Return the user's next message; None: there is none."""
        cell = self._cell
        if cell.partner is None:
            return cell.turns[len(self.turns) - 1][0], None
        partner = cell.partner
        answer = await self._ask(partner.model, _heard(partner, self.turns), partner.params)
        came = _came(answer)
        reply = came.pop("reply")
        record = PartnerRecord(persona=partner.persona, model=partner.model, **came)
        if isinstance(answer, Reply) and answer.status in USABLE:
            return Message("user", reply), record
        self.turns.append(TurnRecord(user=reply, status=answer.status, error=record.error, partner=record))
        if isinstance(answer, Failure) and isinstance(answer.error, ContextTooLong):
            self._outgrown(answer)
            return None
        why = f"{partner.persona}, as the user, said nothing that the talk could go on from: "
        if isinstance(answer, Failure):
            error = ErrorInfo(answer.error.kind, why + answer.message, answer.error.http_status)
        else:
            error = ErrorInfo("partner", why + f"its reply was {answer.status}")
        self.ending = Ending(answer.status, answer.finish_reason if isinstance(answer, Reply) else None, error)
        return None

    async def _probe(self, number: int, name: str | None, reply: str) -> bool:
        """Ask what is to be asked on a fork after a turn; return whether the conversation can go on."""
        cell = self._cell
        fork = (*self._history, Message("assistant", reply))
        for probe in cell.probes:
            if probe.after and number not in probe.after:
                continue
            answer = await self._ask(cell.model, (*fork, Message("user", probe.text, name)), cell.params)
            checks = _judged((*cell.probe_checks, *probe.checks), answer, None)
            self.probes.append(ProbeRecord(after=number, text=probe.text, checks=checks, **_came(answer)))
            if isinstance(answer, Failure) and answer.status == "error":
                if isinstance(answer.error, ContextTooLong):
                    self._outgrown(answer)
                else:
                    said = f"the probe after turn {number}: {answer.message}"
                    self.ending = Ending("error", None, ErrorInfo(answer.error.kind, said, answer.error.http_status))
                return False
        return True

    async def _ask(self, model: str, messages: Sequence[Message], params: dict[str, Any]) -> Reply | Failure:
        request = Request(model, tuple(messages), params)
        return await self._asker.ask(request, label=self._cell.key, reserved=self._reserved)

    def _outgrown(self, failure: Failure) -> None:
        self.ending = Ending("truncated", CONTEXT_LENGTH, error_of(failure))


def timing_of(answer: Reply | Failure) -> Timing | None:
    """Return when a request was sent and how long it took; None: nothing was sent."""
    times = answer.times
    return times and Timing(utc_text(times.sent_at), times.ttft_ms, times.latency_ms, times.chunks)


def error_of(failure: Failure) -> ErrorInfo:
    """Return why a request was given up."""
    return ErrorInfo(failure.error.kind, failure.message, failure.error.http_status)


def _heard(partner: Partner, turns: Sequence[TurnRecord]) -> tuple[Message, ...]:
    """Return the talk as the other persona has it: what it said is the assistant's, the replies are the user's."""
    talk = [message for turn in turns for message in (Message("assistant", turn.user), Message("user", turn.reply))]
    return (*partner.opening, *talk)


def _judged(checks: Sequence[Check], answer: Reply | Failure, right: str | None) -> list[Any]:
    return [] if isinstance(answer, Failure) else judged(checks, answer.said, answer=right, shown=answer.text)


def _came(answer: Reply | Failure) -> dict[str, Any]:
    """Return what the records of turns, probes and partners have in common."""
    came: dict[str, Any] = {
        "status": answer.status,
        "timing": timing_of(answer),
        "attempts": answer.attempts,
        "request_id": answer.request_id,
        "reply": "",
    }
    if isinstance(answer, Failure):
        return came | {"error": error_of(answer)}
    return came | {
        "reply": answer.text,
        "reasoning": answer.reasoning,
        "finish_reason": answer.finish_reason,
        "usage": answer.usage,
    }
