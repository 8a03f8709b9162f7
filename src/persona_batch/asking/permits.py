"""What a gate hands out: permission for one request, and room for those of a whole conversation."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from persona_batch.asking.pace import prompt_tokens, text_tokens
from persona_batch.asking.purse import NOTHING, Purse
from persona_batch.asking.reply import Reply
from persona_batch.chat import Usage
from persona_batch.errors import ConnectionFailed, ProcessLost, ProviderError, RateLimited
from persona_batch.provider.contract import Request

if TYPE_CHECKING:
    from persona_batch.asking.gate import Gate


class Permit:
    """Permission for one request, and word of how it went: exactly one of `done` and `failed` must be called.

    `headers` are the response's rate-limit headers, names in lower case.
    """

    __slots__ = ("_accepted", "_cost", "_gate", "_request", "_sent_at", "_tokens")

    def __init__(self, gate: "Gate", request: Request, tokens: int, cost: Decimal, sent_at: float) -> None:
        self._gate = gate
        self._request = request
        self._tokens = tokens
        self._cost = cost
        self._sent_at = sent_at
        self._accepted = False

    def accepted(self) -> None:
        """The endpoint began to answer."""
        self._accepted = True
        self._gate.began()

    def done(self, reply: Reply, headers: Mapping[str, str]) -> None:
        """The reply is complete."""
        self._gate.estimate.learn(reply.usage)
        purse = self._gate.purse
        if purse is not None:
            purse.pay(self._cost, purse.spent_by(self._request.model, reply.usage, self._expected(purse)))
        self._gate.leave(began=self._accepted, held=self._tokens, spent=_spent(reply, self._tokens))
        self._gate.heed(headers)

    def failed(self, error: BaseException, headers: Mapping[str, str]) -> None:
        """The request failed, or was given up on its way."""
        # Nobody knows what a failed request cost, so the estimate stands, unless it was refused.
        refused = isinstance(error, RateLimited)
        spent = 0 if refused else self._tokens
        purse = self._gate.purse
        if purse is not None:
            purse.pay(self._cost, NOTHING if refused else purse.guess(self._expected(purse)))
        self._gate.leave(
            began=self._accepted, held=self._tokens, spent=spent, reached=not isinstance(error, ConnectionFailed)
        )
        if isinstance(error, ProviderError) and not isinstance(error, ProcessLost):
            self._gate.heed(headers, error, self._sent_at)

    def _expected(self, purse: Purse) -> Decimal:
        """Return what the request is expected to have cost, by what was learnt of replies since it was sent."""
        return min(self._cost, purse.price_of(self._request.model, *self._gate.estimate.parts(self._request)))


class Reservation:
    """Requests that are counted before they are sent, so that a conversation is not cut in its midst by a budget.

    Retries are counted beside it, as those of all requests are. `money` is what of its cost is not yet under way.
    """

    __slots__ = ("_cost", "_day", "_gate", "left", "money")

    def __init__(self, gate: "Gate", requests: int, day: str | None, cost: Decimal) -> None:
        self._gate = gate
        self._day = day
        self._cost = cost
        self.left = requests
        self.money = NOTHING

    async def __aenter__(self) -> Self:
        try:
            await self._gate.afford(self._cost)
        except BaseException:
            self.give_back()
            raise
        self.money = self._cost
        return self

    async def __aexit__(self, *_: object) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Give back what was not sent."""
        self._gate.release(self.left, self._day, self.money)
        self.left, self.money = 0, NOTHING


def _spent(reply: Reply, estimate: int) -> int:
    """Return the tokens of a request: as the endpoint counted them, and estimated where it did not say."""
    usage = reply.usage or Usage()
    if usage.total_tokens is not None:
        return usage.together or estimate
    said = text_tokens(reply.text) + text_tokens(reply.reasoning or "")
    if usage.together is None:
        return max(estimate, said)
    completion = said if usage.completion_tokens is None else usage.completion_tokens
    return completion + (usage.prompt_tokens or prompt_tokens(reply.messages))
