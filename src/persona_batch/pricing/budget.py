"""An amount of money that may be spent, where every price is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from persona_batch.errors import UsageError
from persona_batch.pricing.price import Price
from persona_batch.wording import listed


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `amount` of `currency` (empty: nothing is charged) at the `prices` of models."""

    amount: Decimal
    currency: str
    prices: Mapping[str, Price]


def budget_of(amount: Decimal, prices: Mapping[str, Price | None], endpoint: str) -> Budget:
    """Return the budget of `--max-cost`.

    Args:
        amount: of the prices' currency.
        prices: by model; None: not known. None at all: nobody is paid.
        endpoint: what it is called in errors.

    Raises:
        UsageError: what is asked has no price, an unknown one, or prices in several currencies.
    """
    say = "say the price in the file: `run: {price: {input: 2, output: 8, currency: CNY}}`, per million tokens"
    if not prices:
        raise UsageError(f"--max-cost: nobody charges for {endpoint}; leave it out, or {say}")
    known = {model: price for model, price in prices.items() if price is not None}
    if unknown := [model for model in prices if model not in known]:
        raise UsageError(f"--max-cost: nobody knows what {listed(unknown)} costs at {endpoint}; {say}")
    currencies = sorted({price.currency for price in known.values() if not price.free})
    if len(currencies) > 1:
        raise UsageError(
            f"--max-cost: the models' prices are in {' and '.join(currencies)}, and one amount is in one currency; "
            "ask the models in a run each"
        )
    return Budget(amount, "".join(currencies), known)
