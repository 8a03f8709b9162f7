"""How money is told: the currency's sign, and digits enough that no amount becomes nothing."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from persona_batch.pricing.bill import Cost
from persona_batch.pricing.currencies import CURRENCIES
from persona_batch.pricing.price import EXACT, Price

_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥", "INR": "₹", "KRW": "₩", "HKD": "HK$"}
_SMALL = 3  # significant digits below 1
Wording = Literal["{amount}", "at least {amount}", "at most {amount}", "about {amount}", "unknown", "free", "–"]
_SHORT: dict[Wording, str] = {
    "at least {amount}": "≥ {amount}",
    "at most {amount}": "≤ {amount}",
    "about {amount}": "~ {amount}",
}


def money(amount: Decimal, currency: str) -> str:
    """Return `¥1,234.50`, `$0.00042`, `CHF 2.00`: two decimals, and below 1 three digits that count."""
    shown = f"{_rounded(amount):,f}" if amount else "0"
    sign = _SIGNS.get(currency)
    if sign is None:
        return f"{currency if currency in CURRENCIES else '?'} {shown}"
    return f"{sign}{shown}"


def _rounded(amount: Decimal) -> Decimal:
    cents = Decimal("0.01")
    if amount == 0 or abs(amount) >= 1:
        return amount.quantize(cents, ROUND_HALF_EVEN, EXACT)
    fine = amount.quantize(Decimal(1).scaleb(amount.adjusted() - _SMALL + 1), ROUND_HALF_EVEN, EXACT).normalize(EXACT)
    return fine.quantize(cents) if fine == fine.quantize(cents) else fine


def sums(amounts: Mapping[str, Decimal]) -> str:
    """Return amounts of several currencies, `¥1.20 + $0.03`."""
    return " + ".join(money(amounts[currency], currency) for currency in sorted(amounts))


def worded(cost: Cost | None) -> tuple[Wording, str]:
    """Return how a cost is told, as a template, and its `amount`; `–`: there is nothing to pay for."""
    if cost is None or not (cost.priced or cost.unknown):
        return "–", ""
    if not cost.priced:
        return "unknown", ""
    if not cost.amounts and not cost.unknown:
        return "free", ""
    amount = sums(cost.amounts) or "0"
    if cost.unknown and cost.at_most:
        return "about {amount}", amount
    if cost.unknown:
        return "at least {amount}", amount
    return ("at most {amount}" if cost.at_most else "{amount}"), amount


def told(cost: Cost | None) -> str:
    """Return `¥1.20`, `at least ¥1.20` where not all is known, `free`, `unknown`."""
    template, amount = worded(cost)
    return template.format(amount=amount)


def cell(cost: Cost | None) -> str:
    """Return the same for a cell of a table: `¥1.20`, `≥ ¥1.20`, …"""
    template, amount = worded(cost)
    return _SHORT.get(template, template).format(amount=amount)


def price_words(price: Price) -> str:
    """Return a price in words, `¥2.00 + ¥8.00 per million tokens (prompt + reply)`."""
    if price.free:
        return "free"
    said = " + ".join(money(part, price.currency) for part in (price.input, price.output))
    cached = "" if price.cached_input is None else f"; cached {money(price.cached_input, price.currency)}"
    return f"{said} per million tokens (prompt + reply{cached})"
