"""How much of a run may be handed over by one call: its limits, counted before anything is answered."""

from datetime import datetime

from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RunLimits
from persona_batch.asking.pace import TokenEstimate
from persona_batch.asking.purse import NOTHING, Purse
from persona_batch.provider.contract import Request


class Allowance:
    """Counts requests, tokens and money, by estimate, until a limit is reached.

    Args:
        limits: of the run; those by the minute have no meaning for files.
        ledger: counts the day's requests; needed if `limits.per_day` is set.
    """

    def __init__(self, limits: RunLimits, ledger: Ledger | None) -> None:
        self._limits = limits
        self._ledger = ledger
        self._whose = f" for shard {limits.shard}" if limits.shard else ""
        self._purse = None if limits.budget is None else Purse(limits.budget, self._whose)
        self._estimate = TokenEstimate(limits.usual_reply)
        self._requests = 0
        self._tokens = 0
        self._today = self._left_today()

    def admit(self, request: Request) -> str | None:
        """Count a request, and return None; or return why it is not handed over by this call."""
        limits, purse = self._limits, self._purse
        if limits.max_requests is not None and self._requests >= limits.max_requests:
            return f"the budget of {limits.max_requests:,} requests{self._whose} (--max-requests) is used up"
        if self._today is not None and self._today <= 0:
            return self._day_is_over()
        prompt, reply = self._estimate.parts(request)
        most = limits.max_tokens_total
        if most is not None and self._tokens + prompt + reply > most:
            return (
                f"the budget of {most:,} tokens{self._whose} (--max-tokens-total) is used up: {self._tokens:,} "
                f"handed over by estimate, the next request may need {prompt + reply:,}"
            )
        cost = NOTHING
        if purse is not None:
            cost = purse.price_of(request.model, prompt, reply)
            if not purse.reaches(cost):
                return purse.used_up(cost, "the next request")
            purse.pay(NOTHING, purse.guess(cost))
        self._requests += 1
        self._tokens += prompt + reply
        if self._today is not None:
            self._today -= 1
        return None

    def take_from_day(self, requests: int) -> str | None:
        """Count the requests of a file against the day's; return why it must not be handed over, if so.

        Raises:
            StorageError: the ledger cannot be written.
        """
        limit = self._limits.per_day
        if limit is None or self._ledger is None or self._ledger.reserve(limit, requests):
            return None
        return self._day_is_over()

    def _left_today(self) -> int | None:
        limit = self._limits.per_day
        return None if limit is None or self._ledger is None else limit - self._ledger.used()

    def _day_is_over(self) -> str:
        when = "" if self._ledger is None else f"; come back after {_told(self._ledger.resets_at())}"
        return f"the day's {self._limits.per_day:,} requests{self._whose} (--per-day) are used up{when}"


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzinfo}"
