"""The money of a run: what was spent, what requests under way may cost, what begun conversations may still need."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from persona_batch.chat import Usage
from persona_batch.pricing.budget import Budget
from persona_batch.pricing.money import money
from persona_batch.pricing.price import Price, counts

NOTHING: Final = Decimal(0)


class Purse:
    """Counts what is spent of a budget; `whose` tells, in sentences, that it is a share."""

    def __init__(self, budget: Budget, whose: str = "") -> None:
        self._whose = whose
        self.promised = NOTHING
        self._budget = budget
        self._held = NOTHING
        self._spent = NOTHING
        self._guessed = NOTHING

    def price_of(self, model: str, prompt: int, reply: int) -> Decimal:
        """Return what a request of so many tokens costs, if nothing of it is cached."""
        return _price(self._budget.prices[model], prompt).of(prompt, 0, reply)

    def conversation(self, models: Sequence[str], requests: int, prompt: int, reply: int) -> Decimal:
        """Return what a conversation may cost whose history grows by a reply with each request."""
        grown = requests * prompt + reply * (requests * (requests - 1) // 2)
        return max(
            _price(self._budget.prices[model], prompt + requests * reply).of(grown, 0, requests * reply)
            for model in models
        )

    def reaches(self, cost: Decimal) -> bool:
        """Say whether so much more may be spent, if all that is under way costs what it may."""
        return self._spent + self._held + self.promised + cost <= self._budget.amount

    def hold(self, cost: Decimal) -> None:
        """Count what is under way."""
        self._held += cost

    def pay(self, held: Decimal, spent: Decimal) -> None:
        """Turn what was held into what was spent."""
        self._held -= held
        self._spent += spent

    def spent_by(self, model: str, usage: Usage | None, expected: Decimal) -> Decimal:
        """Return what a reply cost: as the endpoint counted it, or what was expected."""
        known = counts(usage)
        if usage is None or known is None:
            return self.guess(expected)
        prompt, reply = known
        cached = min(usage.cached or 0, prompt)
        return _price(self._budget.prices[model], prompt).of(prompt - cached, cached, reply)

    def guess(self, expected: Decimal) -> Decimal:
        """Note that what was expected counts as spent, and return it."""
        self._guessed += expected
        return expected

    def used_up(self, cost: Decimal, what: str) -> str:
        """Say that `what` comes next is not to be had any more."""
        whole = self._guessed == self._spent
        told = [money(amount, self._budget.currency) for amount in (self._budget.amount, self._spent, cost)]
        guessed = "" if not self._guessed else ", all by estimate" if whole else ", in part by estimate"
        budget = f"the budget of {told[0]}{self._whose} (--max-cost)"
        return f"{budget} is used up: {told[1]} spent{guessed}, {what} may need {told[2]}"


def _price(price: Price, prompt: int) -> Price:
    return price.at(prompt) or price
