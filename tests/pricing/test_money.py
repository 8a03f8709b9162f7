"""How money is told."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.pricing.bill import Cost
from persona_batch.pricing.currencies import CURRENCIES, currency
from persona_batch.pricing.money import cell, money, told
from persona_batch.pricing.price import FREE


@pytest.mark.parametrize(
    ("amount", "code", "shown"),
    [
        ("0", "CNY", "¥0"),
        ("0.00042", "USD", "$0.00042"),
        ("0.000421234", "USD", "$0.000421"),
        ("0.0000000012345", "USD", "$0.00000000123"),
        ("0.1", "CNY", "¥0.10"),
        ("0.129", "CNY", "¥0.129"),
        ("0.99999", "CNY", "¥1.00"),
        ("1.005", "EUR", "€1.00"),
        ("1234.5", "CNY", "¥1,234.50"),
        ("1E+3", "GBP", "£1,000.00"),
        ("2", "CHF", "CHF 2.00"),
        ("2", "JPY", "JP¥2.00"),
        ("2", "\x1b[2J", "? 2.00"),
        ("1e30", "CNY", "¥1" + ",000" * 10 + ".00"),
    ],
)
def test_an_amount_has_digits_enough(amount: str, code: str, shown: str) -> None:
    assert money(Decimal(amount), code) == shown


@given(st.decimals(min_value=Decimal("1e-20"), max_value=Decimal("1e12"), allow_nan=False))
def test_no_amount_becomes_nothing_or_much_else(amount: Decimal) -> None:
    shown = Decimal(money(amount, "CNY").removeprefix("¥").replace(",", ""))
    assert abs(shown - amount) <= amount / 190
    assert "E" not in money(amount, "CNY")


@pytest.mark.parametrize(
    ("cost", "whole", "short"),
    [
        (None, "–", "–"),
        (Cost(), "–", "–"),
        (Cost(unknown=3), "unknown", "unknown"),
        (Cost(priced=3), "free", "free"),
        (Cost(priced=3, unknown=1), "at least 0", "≥ 0"),
        (Cost(amounts={"CNY": Decimal("1.2")}, priced=3), "¥1.20", "¥1.20"),
        (Cost(amounts={"CNY": Decimal("1.2")}, priced=3, unknown=1), "at least ¥1.20", "≥ ¥1.20"),
        (Cost(amounts={"CNY": Decimal("1.2")}, priced=3, at_most=True), "at most ¥1.20", "≤ ¥1.20"),
        (Cost(amounts={"CNY": Decimal("1.2")}, priced=3, unknown=1, at_most=True), "about ¥1.20", "~ ¥1.20"),
        (Cost(amounts={"USD": Decimal(1), "CNY": Decimal(2)}, priced=3), "¥2.00 + $1.00", "¥2.00 + $1.00"),
    ],
)
def test_what_is_unknown_is_said(cost: Cost | None, whole: str, short: str) -> None:
    assert (told(cost), cell(cost)) == (whole, short)


@pytest.mark.parametrize(("written", "right"), [("¥", "CNY"), ("RMB", "CNY"), ("usd", "USD"), ("EURO", "EUR")])
def test_a_currency_is_an_iso_code(written: str, right: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean `{right}`"):
        currency(written)


def test_the_currencies_are_those_of_unicode() -> None:
    core = pytest.importorskip("babel.core", reason="babel is in the group gate")
    territories = core.get_global("territory_currencies").values()
    today = {code for held in territories for code, _, end, tender in held if end is None and tender}
    assert today <= CURRENCIES
    assert len(CURRENCIES - today) < 5
    assert FREE.free
