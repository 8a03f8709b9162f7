"""A budget of money: never exceeded by more than the estimates miss, and a conversation is not cut by it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cells import TimedProvider
from engine.runs import run_cells
from persona_batch.asking.limits import RunLimits
from persona_batch.asking.purse import Purse
from persona_batch.chat import Usage
from persona_batch.errors import RateLimited, ServerFailed, StoppedEarly, UsageError
from persona_batch.pricing.budget import Budget, budget_of
from persona_batch.pricing.price import FREE, Price

YUAN = Price(input=Decimal(10), output=Decimal(100), currency="CNY")  # a reply of Usage(20, 80) is ¥0.0082
REPLY = Decimal("0.0082")


def limits(amount: str, concurrency: int = 8, price: Price = YUAN) -> RunLimits:
    return RunLimits(concurrency=concurrency, budget=Budget(Decimal(amount), price.currency, {"m": price}))


@pytest.mark.parametrize("concurrency", [1, 8, 32])
def test_the_budget_is_not_exceeded(concurrency: int) -> None:
    provider = TimedProvider(usage=Usage(20, 80, 100))
    outcome = run_cells(provider, 400, limits=limits("1.00", concurrency))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "the budget of ¥1.00 (--max-cost) is used up: ¥0.9" in str(outcome.ended)
    assert Decimal("0.95") <= len(outcome.records) * REPLY <= 1
    assert len(provider.arrivals) == len(outcome.records)


@settings(max_examples=25)
@given(
    st.integers(1, 500),
    st.integers(1, 32),
    st.decimals("0.001", 1, places=3),
    st.decimals(0, 1000, places=2),
    st.lists(st.integers(0, 60), max_size=8),
)
def test_no_budget_is_exceeded_where_no_estimate_misses(
    reply: int, concurrency: int, amount: Decimal, dear: Decimal, failing: list[int]
) -> None:
    price = Price(input=Decimal(10), output=dear, currency="CNY")
    provider = TimedProvider(
        usage=Usage(20, reply), fate=lambda number: ServerFailed("x") if number in failing else None
    )
    outcome = run_cells(provider, 60, limits=limits(str(amount), concurrency, price))
    spent = sum(price.of(20, 0, reply) for record in outcome.records if record.status == "ok")
    assert spent <= amount
    assert outcome.ended is not None or len(outcome.records) == 60


def test_a_budget_that_is_just_enough_completes() -> None:
    outcome = run_cells(TimedProvider(usage=Usage(20, 80, 100)), 20, limits=limits("0.40", 2))
    assert outcome.ended is None
    assert len(outcome.records) == 20


def test_what_is_free_is_never_used_up() -> None:
    outcome = run_cells(TimedProvider(usage=Usage(20, 80, 100)), 50, limits=limits("0.000001", price=FREE))
    assert outcome.ended is None


def test_cached_tokens_are_counted_at_their_own_price() -> None:
    price = Price(input=Decimal(100_000), output=Decimal(1), cached_input=Decimal(1), currency="CNY")
    asked = [
        len(run_cells(TimedProvider(usage=Usage(20, 1, 21, cached)), 400, limits=limits("40", 1, price)).records)
        for cached in (0, 10, 20)
    ]
    assert asked[0] < 20 < asked[1] < 40 < asked[2]


@pytest.mark.parametrize("usage", [None, Usage(total_tokens=100), Usage(20)])
def test_where_the_endpoint_counts_nothing_the_estimate_is_what_counts(usage: Usage | None) -> None:
    outcome = run_cells(TimedProvider(usage=usage), 400, limits=limits("0.5", 4))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "spent, all by estimate" in str(outcome.ended)
    assert 5 <= len(outcome.records) <= 12  # some 500 tokens of reply each


@pytest.mark.parametrize(("failure", "counted"), [(ServerFailed("x"), True), (RateLimited("x"), False)])
def test_failed_attempts_count_by_estimate_unless_they_were_refused(failure: Exception, counted: bool) -> None:
    provider = TimedProvider(usage=Usage(20, 80, 100), fate=lambda number: failure if number < 5 else None)  # type: ignore[arg-type,return-value]
    outcome = run_cells(provider, 400, limits=limits("0.5", 1))
    assert isinstance(outcome.ended, StoppedEarly)
    left = Decimal("0.5") - len(outcome.records) * REPLY
    assert (left > Decimal("0.2")) == counted


def test_what_may_not_be_had_at_all_ends_at_once() -> None:
    provider = TimedProvider()
    outcome = run_cells(provider, 10, limits=limits("0.001"))
    assert isinstance(outcome.ended, StoppedEarly)
    assert "¥0 spent, the next request may need ¥0.05" in str(outcome.ended)
    assert not provider.arrivals


def test_a_conversation_is_reserved_as_a_whole_at_the_dearest_of_its_models() -> None:
    prices = {"m": YUAN, "n": Price(input=Decimal(1), output=Decimal(1), currency="CNY")}
    purse = Purse(Budget(Decimal(1), "CNY", prices))
    alone = purse.conversation(["m"], 3, 100, 200)
    assert alone == YUAN.of(100 + 300 + 500, 0, 600)
    assert purse.conversation(["m", "n"], 3, 100, 200) == alone
    assert purse.conversation(["n"], 3, 100, 200) < alone


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ({}, "nobody charges for there"),
        ({"a": YUAN, "b": None, "c": None}, "nobody knows what b, c costs at there"),
        ({"a": YUAN, "b": Price(input=Decimal(1), output=Decimal(1), currency="USD")}, "are in CNY and USD"),
    ],
)
def test_without_a_price_there_is_no_budget(prices: dict[str, Price | None], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        budget_of(Decimal(1), prices, "there")


def test_free_models_go_with_any_currency() -> None:
    assert budget_of(Decimal(1), {"a": YUAN, "b": FREE}, "there").currency == "CNY"
    assert budget_of(Decimal(1), {"b": FREE}, "there").currency == ""
