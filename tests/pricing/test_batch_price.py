"""What comes in batch files costs a share of the price: exactly, also beside what was streamed."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.chat import Usage
from persona_batch.pricing.bill import Bill, Cost
from persona_batch.pricing.price import Price, PriceList, in_batches, streamed
from persona_batch.record import ErrorInfo, Record
from persona_batch.record.spending import SpendingHead, bill_of
from view.records import make_record

SHARED = Price(input=Decimal(10), output=Decimal(100), currency="CNY", batch=Decimal("0.5"))
amounts = st.decimals(0, 10**6, places=6)
shares = st.decimals(0, 1, places=3)


def batched(record: Record, **changed: object) -> Record:
    return msgspec.structs.replace(record, engine="batch", timing=None, **changed)


def cost_of(records: list[Record], *lists: PriceList) -> Cost:
    whole = Bill()
    for record in records:
        whole += bill_of(record, lists)
    return whole.cost()


@given(amounts, amounts, st.none() | amounts, shares, st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_share_of_every_part_is_paid_to_the_last_digit(
    fresh: Decimal, output: Decimal, cached: Decimal | None, share: Decimal, prompt: int, reply: int
) -> None:
    longer = Price(input=output, output=fresh, currency="CNY")
    price = Price(
        input=fresh, output=output, cached_input=cached, currency="CNY", up_to=10**7, longer=longer, batch=share
    )
    inside = prompt // 3
    held, shared = streamed(price).at(prompt), in_batches(price).at(prompt)
    assert held is not None
    assert shared is not None
    whole, part = held.of(prompt - inside, inside, reply), shared.of(prompt - inside, inside, reply)
    assert Fraction(part) == Fraction(whole) * Fraction(share)


def test_a_price_that_is_one_way_only_has_no_share_left() -> None:
    assert in_batches(in_batches(SHARED)) == in_batches(SHARED)
    assert streamed(in_batches(SHARED)).batch is None
    assert in_batches(streamed(SHARED)) == streamed(SHARED)


def test_a_run_of_both_is_billed_record_by_record() -> None:
    usage = Usage(1000, 100, 1100)  # ¥0.02 streamed
    records = [make_record(usage=usage), batched(make_record(usage=usage))]
    prices = PriceList("", {"qwen": SHARED})
    assert cost_of(records, prices) == Cost(amounts={"CNY": Decimal("0.03")}, priced=2)
    heads = [msgspec.json.decode(msgspec.json.encode(record), type=SpendingHead) for record in records]
    assert sum((bill_of(head, [prices]) for head in heads), Bill()).cost().amounts == {"CNY": Decimal("0.03")}


def test_a_line_that_failed_costs_nothing_and_one_that_was_not_counted_is_unknown() -> None:
    failed = batched(make_record(status="error", error=ErrorInfo("bad_request", "no"), usage=None))
    uncounted = batched(make_record(usage=None))
    assert cost_of([failed, uncounted], PriceList("", {"qwen": SHARED})) == Cost(unknown=1)


def test_of_several_prices_the_highest_is_said_to_be_the_most() -> None:
    """A line in a batch file has no time of its own."""
    usage = Usage(1000, 100, 1100)
    dearer = msgspec.structs.replace(SHARED, input=Decimal(20), output=Decimal(200))
    lists = [PriceList("2026-11-22T06:00:00.000Z", {"qwen": dearer}), PriceList("2026-11-23", {"qwen": SHARED})]
    record = batched(make_record(usage=usage))
    assert cost_of([record], *lists) == Cost(amounts={"CNY": Decimal("0.02")}, priced=1, at_most=True)
    same = [
        PriceList("2026-11-22T06:00:00.000Z", {"qwen": SHARED}),
        PriceList("2026-11-23", {"qwen": SHARED, "a": None}),
    ]
    assert cost_of([record], *same) == Cost(amounts={"CNY": Decimal("0.01")}, priced=1)
    assert cost_of([record], *lists, PriceList("2026-11-24", {"qwen": None})) == Cost(unknown=1)
    assert cost_of([record], PriceList("", {})) == Cost(unknown=1)


@pytest.mark.parametrize("share", ["-0.1", "1.5", "NaN"])
def test_what_is_no_share_cannot_be_read(share: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"input": "1", "output": "1", "batch": "{share}"}}', type=Price)
