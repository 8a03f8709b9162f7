"""The limits of a run whose requests are sent by actors: the house's own gate, which grants them leases."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from persona_batch.asking.breaker import Halt, Halted
from persona_batch.asking.gate import Gate
from persona_batch.asking.leases import Answer, Began, Over, Want, WantAll, Word
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import Gauge, RunLimits
from persona_batch.asking.permits import Permit, Reservation
from persona_batch.errors import BatchError, ProcessLost, RateLimited, StorageError
from persona_batch.record.runlog import RunLog


def needs_leases(limits: RunLimits) -> bool:
    """Say whether there is a limit that actors can only keep together."""
    counted = (limits.rpm, limits.tpm, limits.per_day, limits.max_requests, limits.max_tokens_total, limits.budget)
    return any(limit is not None for limit in counted)


@dataclass(slots=True)
class _Account:
    """What one actor has: leases by their numbers, and those it waits for."""

    permits: dict[int, Permit] = field(default_factory=dict)
    reservations: dict[int, Reservation] = field(default_factory=dict)
    waiting: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)


class Lender:
    """Keeps the limits of a run. Made inside the event loop that it is used in.

    Args:
        limits: of the whole run.
        halt: the run's brake; set when a budget or the day's quota is used up.
        ledger: counts the day's requests; needed if `limits.per_day` is set.
        log: told of nothing but what is waited for.
        patience: see `Gate`.
    """

    def __init__(self, limits: RunLimits, *, halt: Halt, ledger: Ledger | None, log: RunLog, patience: float) -> None:
        self.gauge = Gauge()
        self._halt = halt
        together = replace(limits, concurrency=1 << 30, adaptive=False)  # each actor keeps to its own share
        self._gate = Gate(together, halt=halt, gauge=self.gauge, ledger=ledger, log=log, patience=patience)
        self._accounts: dict[str, _Account] = {}

    def hear(self, actor: str, word: Word, answer: Callable[[Answer], None]) -> None:
        """Take a word of an actor; `answer` is called once, later, with the answer to what it wants."""
        account = self._accounts.setdefault(actor, _Account())
        if isinstance(word, Want | WantAll):
            task = asyncio.create_task(self._lend(account, word, answer))
            account.waiting[word.number] = task
            task.add_done_callback(lambda _: account.waiting.pop(word.number, None))
        elif isinstance(word, Began):
            if word.number in account.permits:
                account.permits[word.number].accepted()
        else:
            self._settle(account, word)

    def forget(self, actor: str) -> None:
        """An actor is gone: what it had under way may have been answered, and counts as spent."""
        account = self._accounts.pop(actor, _Account())
        for number in [*account.waiting, *account.permits, *account.reservations]:
            self._settle(account, Over(number))

    async def _lend(self, account: _Account, want: Want | WantAll, answer: Callable[[Answer], None]) -> None:
        try:
            if isinstance(want, Want):
                counted_in = None if want.reserved is None else account.reservations.get(want.reserved)
                account.permits[want.number] = await self._gate.admit(want.request, counted_in, again=want.again)
            else:
                whole = self._gate.reserve(want.requests, want.first, models=want.models, later=want.later)
                account.reservations[want.number] = await whole.__aenter__()
        except Halted:
            answer(Answer(want.number, self._halt.reason, everything=self._halt.ends_all))
        except StorageError as error:
            self._halt.set(error)
            answer(Answer(want.number, error, everything=True))
        else:
            answer(Answer(want.number))

    def _settle(self, account: _Account, over: Over) -> None:
        waiting = account.waiting.get(over.number)
        permit = account.permits.pop(over.number, None)
        reservation = account.reservations.pop(over.number, None)
        if permit is not None and over.reply is not None:
            permit.done(over.reply, {})
        elif permit is not None:
            permit.failed(_REFUSED if over.refused else _UNKNOWN, {})
        elif reservation is not None:
            reservation.give_back()
        elif waiting is not None:
            waiting.cancel()


_REFUSED: BatchError = RateLimited("too fast")
_UNKNOWN: BatchError = ProcessLost("nobody knows what it cost")
