"""Sums of money: exact, the same in any order and any parts, and honest about what is unknown."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.chat import Usage
from persona_batch.pricing.bill import Bill, Cost, encode, together
from persona_batch.pricing.price import FREE, Price, PriceList, price_at

amounts = st.decimals(0, 10**6, places=6)
prices = st.builds(
    Price,
    input=amounts,
    output=amounts,
    currency=st.sampled_from(["CNY", "USD", "JPY"]),
    cached_input=st.none() | amounts,
)
tokens = st.integers(0, 10**8)
usages = st.none() | st.builds(Usage, st.none() | tokens, st.none() | tokens, st.none() | tokens, tokens)
requests = st.lists(st.tuples(st.none() | prices, usages, st.integers(0, 2)), max_size=12)
YUAN = Price(input=Decimal(2), output=Decimal(8), cached_input=Decimal("0.5"), currency="CNY")


def bill(*asked: tuple[Price | None, Usage | None, int]) -> Bill:
    whole = Bill()
    for price, usage, failed in asked:
        whole.add(price, usage, failed)
    return whole


@given(requests, requests, st.randoms(use_true_random=False))
def test_neither_order_nor_parts_change_a_sum(some: list[object], more: list[object], chance: object) -> None:
    both = [*some, *more]
    whole = bill(*both).cost()  # type: ignore[arg-type]
    assert (bill(*some) + bill(*more)).cost() == whole  # type: ignore[arg-type]
    chance.shuffle(both)  # type: ignore[attr-defined]
    assert bill(*both).cost() == whole  # type: ignore[arg-type]
    assert together(bill(one).cost() for one in both) == whole  # type: ignore[arg-type]


@given(st.lists(st.tuples(prices, tokens, tokens, tokens), max_size=12))
def test_a_sum_is_that_of_whole_tokens_times_exact_prices(asked: list[tuple[Price, int, int, int]]) -> None:
    expected: dict[str, Fraction] = {}
    for price, prompt, cached, reply in asked:
        inside = min(prompt, cached)
        cheap = price.input if price.cached_input is None else price.cached_input
        paid = Fraction(price.input) * (prompt - inside) + Fraction(cheap) * inside + Fraction(price.output) * reply
        expected[price.currency] = expected.get(price.currency, Fraction()) + paid / 10**6
    cost = bill(*((price, Usage(prompt, reply, None, cached), 0) for price, prompt, cached, reply in asked)).cost()
    assert {currency: Fraction(amount) for currency, amount in cost.amounts.items()} == expected
    assert (cost.priced, cost.unknown) == (len(asked), 0)


@given(requests)
def test_every_request_is_priced_or_unknown(asked: list[tuple[Price | None, Usage | None, int]]) -> None:
    cost = bill(*asked).cost()
    assert cost.priced + cost.unknown == len(asked) + sum(failed for _, _, failed in asked)
    assert msgspec.json.decode(encode(cost), type=Cost) == cost


@pytest.mark.parametrize(
    ("usage", "amount", "at_most"),
    [
        (Usage(1000, 500, 1500), "0.006", True),
        (Usage(1000, 500, 1500, 0), "0.006", False),
        (Usage(1000, 500, 1500, 400), "0.0054", False),
        (Usage(1000, 500, 1500, 4000), "0.0045", False),
        (Usage(1000, None, 1500, 0), "0.006", False),
        (Usage(None, 500, 1500, 0), "0.006", False),
    ],
)
def test_tokens_of_the_cache_are_cheaper_where_the_endpoint_counts_them(
    usage: Usage, amount: str, at_most: bool
) -> None:
    cost = bill((YUAN, usage, 0)).cost()
    assert cost == Cost(amounts={"CNY": Decimal(amount)}, priced=1, at_most=at_most)


@pytest.mark.parametrize(
    "usage", [None, Usage(), Usage(7), Usage(None, 7), Usage(None, None, 7), Usage(7, None, 3), Usage(-7, 7)]
)
def test_what_is_not_counted_is_unknown_and_never_0(usage: Usage | None) -> None:
    assert bill((YUAN, usage, 0)).cost() == Cost(unknown=1)
    assert bill((FREE, usage, 0)).cost() == Cost(unknown=1)


def test_a_price_holds_for_prompts_of_its_length() -> None:
    longer = Price(input=Decimal(4), output=Decimal(4), currency="CNY")
    stepped = Price(input=Decimal(1), output=Decimal(1), currency="CNY", up_to=100, longer=longer)
    ended = Price(input=Decimal(1), output=Decimal(1), currency="CNY", up_to=100)
    assert bill((stepped, Usage(100, 0), 0), (stepped, Usage(101, 0), 0)).cost().amounts == {"CNY": Decimal("0.000504")}
    assert bill((ended, Usage(101, 0), 0)).cost() == Cost(unknown=1)


def test_the_price_is_that_of_the_moment_of_sending() -> None:
    lists = [
        PriceList("2026-11-22T06:00:00.000Z", {"m": FREE}),
        PriceList("2026-11-23T06:00:00.000Z", {"m": YUAN, "n": None}),
    ]
    moments = ["", "2026-11-22T05:59:59.999Z", "2026-11-23T05:59:59.999Z", "2026-11-23T06:00:00.000Z", "2027-01-01"]
    assert [price_at(lists, "m", moment) for moment in moments] == [FREE, FREE, FREE, YUAN, YUAN]
    assert price_at(lists, "n", "2027") is None
    assert price_at(lists, "other", "2027") is None
    assert price_at([], "m", "2027") is None


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1e999999", "1e-999999"])
def test_what_is_no_amount_cannot_be_read(amount: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"amounts": {{"CNY": "{amount}"}}}}', type=Cost)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"input": "1", "output": "{amount}"}}', type=Price)
