"""Sums of what requests cost. Tokens are counted by price, in whole numbers, and only the end is money: so no order of
adding, and no number of parts, changes a sum.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from persona_batch.chat import Usage
from persona_batch.pricing.price import EXACT, Price, amount_of, counts

_MOST = Decimal("1e40")  # no sum comes so far


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid: `amounts` by currency (ISO 4217; none: nothing, or nothing is known) for `priced` requests.

    Of `unknown` more nobody knows what they cost: the endpoint counted no tokens, the price is not known, or an attempt
    failed; so the amounts are the least. `at_most`: no cached tokens were counted where they are cheaper, or the price
    is the highest of several; so the amounts are the most.
    """

    amounts: dict[str, Decimal] = {}
    priced: int = 0
    unknown: int = 0
    at_most: bool = False

    def __post_init__(self) -> None:
        for amount in self.amounts.values():
            amount_of(amount, _MOST)


def together(costs: Iterable[Cost]) -> Cost:
    """Return what several things cost."""
    amounts: dict[str, Decimal] = {}
    priced = unknown = 0
    at_most = False
    for cost in costs:
        priced, unknown, at_most = priced + cost.priced, unknown + cost.unknown, at_most or cost.at_most
        for currency, amount in cost.amounts.items():
            amounts[currency] = EXACT.add(amounts.get(currency, Decimal(0)), amount)
    sums = {currency: plain(amounts[currency]) for currency in sorted(amounts)}
    return Cost(amounts=sums, priced=priced, unknown=unknown, at_most=at_most)


@dataclass(slots=True)
class Bill:
    """What requests cost so far."""

    unknown: int = 0
    priced: int = 0
    at_most: bool = False
    _tokens: dict[Price, tuple[int, int, int]] = field(default_factory=dict)  # fresh, cached, output

    def add(self, price: Price | None, usage: Usage | None, failed: int = 0) -> None:
        """Count a request that was answered, and its failed attempts before."""
        self.unknown += failed
        known = counts(usage)
        held = None if price is None or known is None else price.at(known[0])
        if usage is None or known is None or held is None:
            self.unknown += 1
            return
        prompt, reply = known
        cached = usage.cached
        if held.cached_input is not None and held.cached_input < held.input and cached is None:
            self.at_most = True
        self.at_most |= held.at_most
        inside = min(cached or 0, prompt)
        self.priced += 1
        self._count(held, prompt - inside, inside, reply)

    def __add__(self, other: "Bill") -> "Bill":
        whole = Bill(
            self.unknown + other.unknown,
            self.priced + other.priced,
            self.at_most or other.at_most,
            dict(self._tokens),
        )
        for price, tokens in other._tokens.items():
            whole._count(price, *tokens)
        return whole

    def cost(self) -> Cost:
        """Return the sums as they stand."""
        amounts: dict[str, Decimal] = {}
        for price, tokens in self._tokens.items():
            if price.currency:
                amounts[price.currency] = EXACT.add(amounts.get(price.currency, Decimal(0)), price.of(*tokens))
        sums = {currency: plain(amounts[currency]) for currency in sorted(amounts)}
        return Cost(amounts=sums, priced=self.priced, unknown=self.unknown, at_most=self.at_most)

    def _count(self, price: Price, fresh: int, cached: int, output: int) -> None:
        before = self._tokens.get(price, (0, 0, 0))
        self._tokens[price] = (before[0] + fresh, before[1] + cached, before[2] + output)


encode = msgspec.json.Encoder(decimal_format="number").encode
"""Writes JSON in which amounts are numbers, with all their digits."""


def plain(amount: Decimal) -> Decimal:
    """Return an amount without needless zeros, and without an exponent."""
    return Decimal(f"{amount.normalize(EXACT):f}")
