"""The one place where requests wait for permission: concurrency, rates, budgets, the day's quota, pauses."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, NoReturn

from persona_batch.asking.breaker import Halt, Halted
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import LATE, Gauge, RunLimits
from persona_batch.asking.pace import RollingWindow, Throttle, TokenEstimate, text_tokens
from persona_batch.asking.permits import Permit, Reservation
from persona_batch.asking.purse import NOTHING, Purse
from persona_batch.errors import ProviderError, RateLimited, ServerFailed, StoppedEarly
from persona_batch.provider.contract import Request
from persona_batch.provider.ratelimit import retry_after, used_up_today
from persona_batch.record.runlog import RunLog
from persona_batch.wording import duration, local_time


class _Hold(NamedTuple):
    reason: str
    until: float | None  # on the loop's clock; None: until something changes


class Gate:
    """Grants permits in the order they are asked for.

    Args:
        limits: the ceilings; None: the usual ones, and what the endpoint says of its own makes nobody wait.
        halt: the brake; the gate sets it when a budget or quota is used up.
        gauge: told what is waited for.
        ledger: counts the day's requests; needed if `limits.per_day` is set.
        log: told of pauses and cuts.
        patience: seconds that the endpoint may ask to wait; beyond, all asking is stopped.
    """

    def __init__(
        self,
        limits: RunLimits | None,
        *,
        halt: Halt,
        gauge: Gauge,
        ledger: Ledger | None,
        log: RunLog,
        patience: float,
    ) -> None:
        self._heeds = limits is not None
        self._limits = limits = limits or RunLimits()
        if limits.per_day is not None and ledger is None:
            raise ValueError("a daily limit needs a ledger")
        self._halt = halt
        self._gauge = gauge
        self._ledger = ledger
        self._log = log
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        self._whose = f" for shard {limits.shard}" if limits.shard else ""
        self._throttle = Throttle(limits.concurrency, adaptive=limits.adaptive)
        self._requests, self._tokens = RollingWindow(limits.rpm), RollingWindow(limits.tpm)
        self._counts_tokens = limits.tpm is not None or limits.max_tokens_total is not None
        self.purse = None if limits.budget is None else Purse(limits.budget, self._whose)
        self.estimate = TokenEstimate(limits.usual_reply)
        self._turn = asyncio.Lock()  # first come, first served
        self._changed = asyncio.Event()
        self._paused_until = 0.0
        self._held_tokens = 0
        self._spent_tokens = 0
        self._promised = 0  # requests that are reserved and not sent
        halt.on_set(self._changed.set)

    def reserve(self, requests: int, first: Request, *, models: Sequence[str], later: Sequence[str]) -> Reservation:
        """Count requests that are only worth sending if all of them may be sent; leave the context to give back.

        Args:
            requests: how many.
            first: the first of them.
            models: that are asked.
            later: the texts that the user will say in the others.

        Raises:
            Halted: budget or quota do not reach so far, or the run was stopped.
            StorageError: the ledger cannot be written.
        """
        self._halt.check()
        cost = self._cost_of(first, requests, models, later)
        whole = f"a conversation of {requests:,} requests"
        most, per_day = self._limits.max_requests, self._limits.per_day
        if most is not None and self._gauge.requests + self._promised + requests > most:
            budget = f"the budget of {most:,} requests{self._whose} (--max-requests)"
            self._end(f"{budget} is used up, but for less than {whole}")
        day = None
        if per_day is not None and self._ledger is not None:
            day = self._ledger.today()
            if not self._ledger.reserve(per_day, requests):
                self._end(f"{self._day(per_day)} are used up, but for less than {whole}; {self._come_back()}")
        self._promised += requests
        return Reservation(self, requests, day, cost)

    async def afford(self, cost: Decimal) -> None:
        """Wait until so much money may be promised to a conversation, and promise it.

        Raises:
            Halted: it may never be, or the run was stopped.
        """
        purse = self.purse
        if purse is None:
            return
        while not purse.reaches(cost):
            self._halt.check()
            if self._gauge.in_flight == 0 and purse.promised == 0:
                self._end(purse.used_up(cost, "the next conversation"))
            self._changed.clear()
            await self._changed.wait()
        purse.promised += cost

    def release(self, requests: int, day: str | None, money: Decimal) -> None:
        """Give back what was reserved and not sent."""
        self._promised -= requests
        if self.purse is not None:
            self.purse.promised -= money
            self._changed.set()
        if requests and day is not None and self._ledger is not None:
            self._ledger.give_back(requests, day)

    async def admit(self, request: Request, reserved: Reservation | None = None, *, again: bool = False) -> Permit:
        """Wait until one more request may be sent, and count it, if it is not `reserved` already, or sent `again`.

        Raises:
            Halted: the run was stopped, by others or because a budget or quota is used up.
            StorageError: the ledger cannot be written.
        """
        tokens = self.estimate.of(request) if self._counts_tokens else 0
        purse = self.purse
        cost = NOTHING if purse is None else purse.price_of(request.model, *self.estimate.parts(request))
        async with self._turn:
            counted = reserved is not None and reserved.left > 0 and not again
            while (hold := self._hold(tokens, cost, counted=counted, paid=reserved is not None)) is not None:
                self._gauge.waiting_for, self._gauge.waiting_until = hold
                self._changed.clear()
                try:
                    async with asyncio.timeout_at(hold.until):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            self._gauge.waiting_for = self._gauge.waiting_until = None
            if reserved is not None and counted:
                reserved.left -= 1
                self._promised -= 1
            else:
                self._take_from_day()
            if purse is not None and reserved is not None:
                promised = min(cost, reserved.money)
                reserved.money -= promised
                purse.promised -= promised
            return self._enter(request, tokens, cost)

    def began(self) -> None:
        """An answer begins: the request has been counted by the endpoint."""
        self._throttle.accepted()
        self._requests.settle(1, 1, self._clock())
        self._changed.set()

    def leave(self, *, began: bool, held: int, spent: int, reached: bool = True) -> None:
        """A request is over; `reached`: somebody was there to take it."""
        now = self._clock()
        self._gauge.in_flight -= 1
        self._gauge.unreached += not reached
        self._held_tokens -= held
        self._spent_tokens += spent
        if not began:
            self._requests.settle(1, 1, now)
        self._tokens.settle(held, spent, now)
        self._changed.set()

    def heed(self, headers: Mapping[str, str], error: ProviderError | None = None, sent_at: float = 0.0) -> None:
        """Take the endpoint's word into account: rate-limit headers, and how a request failed that was `sent_at`.

        After "too fast" there are fewer at once, and a pause for all if it names one.
        """
        if not self._heeds:
            return
        if headers and used_up_today(headers):
            self._halt.set(StoppedEarly(f"the endpoint says that its daily quota is used up; {self._come_back()}"))
        elif headers and (wait := retry_after(headers)):
            self._pause(wait, "the endpoint's rate limit")
        if error is None:
            return
        if error.retry_after is not None and error.retryable:
            self._pause(error.retry_after, "the endpoint (Retry-After)", error.message)
        overloaded = isinstance(error, ServerFailed) and error.retry_after is not None
        too_fast = overloaded or isinstance(error, RateLimited)
        if too_fast and self._throttle.refused(sent_at, self._clock()):
            self._log.write("slower", concurrency=self._throttle.size)

    def _hold(self, tokens: int, cost: Decimal, *, counted: bool, paid: bool) -> _Hold | None:
        self._halt.check(paid=paid)
        self._check_budgets(tokens, counted=counted)
        affordable = paid or self.purse is None or self.purse.reaches(cost)
        if not affordable and self.purse is not None and self._gauge.in_flight == 0:
            self._end(self.purse.used_up(cost, "the next request"))
        now = self._clock()
        if now < self._paused_until:
            return _Hold("the endpoint asked to wait", self._paused_until)
        if self._gauge.in_flight >= self._throttle.size:
            return _Hold(f"the endpoint's pace: {self._throttle.size} at once", None)
        for window, amount, unit in ((self._requests, 1, "requests"), (self._tokens, tokens, "tokens")):
            if (free := window.free_at(now, amount)) != now:
                return _Hold(f"the limit of {window.limit:,} {unit} a minute", free)
        most = self._limits.max_tokens_total
        if most is not None and self._spent_tokens + self._held_tokens + tokens > most:
            return _Hold("the token budget", None)  # replies under way may turn out shorter than estimated
        return None if affordable else _Hold("the budget of money", None)

    def _check_budgets(self, tokens: int, *, counted: bool) -> None:
        requests, most = self._limits.max_requests, self._limits.max_tokens_total
        if requests is not None and not counted and self._gauge.requests + self._promised >= requests:
            self._end(f"the budget of {requests:,} requests{self._whose} (--max-requests) is used up")
        if most is not None and self._gauge.in_flight == 0 and self._spent_tokens + tokens > most:
            self._end(
                f"the budget of {most:,} tokens{self._whose} (--max-tokens-total) is used up: "
                f"{self._spent_tokens:,} spent, the next request may need {tokens:,}"
            )

    def _take_from_day(self) -> None:
        limit = self._limits.per_day
        if limit is not None and self._ledger is not None and not self._ledger.reserve(limit):
            self._end(f"{self._day(limit)} are used up; {self._come_back()}")

    def _day(self, limit: int) -> str:
        others = ", or those of all shards and runs here" if self._whose else ""
        return f"the day's {limit:,} requests{self._whose} (--per-day{others})"

    def _end(self, reason: str) -> NoReturn:
        self._halt.spend(StoppedEarly(reason))
        raise Halted

    def _enter(self, request: Request, tokens: int, cost: Decimal) -> Permit:
        if self.purse is not None:
            self.purse.hold(cost)
        self._gauge.requests += 1
        self._gauge.in_flight += 1
        self._held_tokens += tokens
        self._requests.hold(1)
        self._tokens.hold(tokens)
        return Permit(self, request, tokens, cost, self._clock())

    def _pause(self, seconds: float, who: str, said: str = "") -> None:
        if seconds > self._patience:
            asks = f"{said}; the endpoint" if said else who
            when = f"come back after {local_time(seconds)}"
            self._halt.set(
                StoppedEarly(f"{asks} asks to wait {duration(seconds)}, the limit will be lifted then: {when}")
            )
            return
        until = self._clock() + seconds + LATE
        if until > self._paused_until:
            self._paused_until = until
            self._log.write("pause", seconds=round(seconds, 3), asked_by=who)
            self._changed.set()

    def _come_back(self) -> str:
        if self._ledger is None:
            return "come back tomorrow"
        resets = self._ledger.resets_at()
        here = resets.astimezone()
        return f"come back after {resets:%Y-%m-%d %H:%M} {resets.tzinfo} ({here:%Y-%m-%d %H:%M} {here.tzname()} here)"

    def _cost_of(self, first: Request, requests: int, models: Sequence[str], later: Sequence[str]) -> Decimal:
        """Return what a conversation may cost, where money is counted."""
        if self.purse is None:
            return NOTHING
        prompt, reply = self.estimate.parts(first)
        return self.purse.conversation(models, requests, prompt + sum(map(text_tokens, later)), reply)
