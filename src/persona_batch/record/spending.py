"""What a record cost: each of its requests, by the price of the model that it went to, and by the way it came."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from persona_batch.chat import Usage
from persona_batch.pricing.bill import Bill
from persona_batch.pricing.price import PriceList, batch_price, price_at

IN_BATCHES: Final = "batch"
"""The `engine` of a record whose reply came in a provider's batch file."""


class Sent(msgspec.Struct, frozen=True):
    """When a request was sent; None, or empty, where that is not known."""

    started_at: str | None = None


class Part(msgspec.Struct, frozen=True):
    """A request of a conversation; `partner` is the one in which the user's message was made, with its own model."""

    usage: Usage | None = None
    timing: Sent | None = None
    attempts: int = 1
    model: str = ""
    partner: "Part | None" = None


class SpendingHead(msgspec.Struct, frozen=True):
    """What of a record says what it cost: a `record.Record` has all of it too."""

    model: str = ""
    usage: Usage | None = None
    timing: Sent | None = None
    attempts: int = 1
    turns: list[Part] | None = None
    probes: list[Part] | None = None
    status: str = ""
    engine: str | None = None


class _Timed(Protocol):
    @property
    def started_at(self) -> str | None: ...


class _Request(Protocol):
    @property
    def usage(self) -> Usage | None: ...
    @property
    def timing(self) -> _Timed | None: ...
    @property
    def attempts(self) -> int: ...


class _Named(_Request, Protocol):
    @property
    def model(self) -> str: ...


class _Turn(_Request, Protocol):
    @property
    def partner(self) -> _Named | None: ...


class Spending(_Named, Protocol):
    """What has the requests of a record."""

    @property
    def turns(self) -> Sequence[_Turn] | None: ...
    @property
    def probes(self) -> Sequence[_Request] | None: ...
    @property
    def status(self) -> str: ...
    @property
    def engine(self) -> str | None: ...


class _Spent(NamedTuple):
    model: str
    request: _Request


def bill_of(record: Spending, prices: Sequence[PriceList]) -> Bill:
    """Return what a record cost, at the prices that held when its requests were sent."""
    bill = Bill()
    if prices and record.engine == IN_BATCHES:
        if record.usage is not None or record.status != "error":  # a line that failed costs nothing
            bill.add(batch_price(prices, record.model), record.usage)
        return bill
    for model, request in _requests(record) if prices else ():
        if request.timing is None and request.usage is None:
            continue  # nothing was sent
        moment = "" if request.timing is None else request.timing.started_at or ""
        bill.add(price_at(prices, model, moment), request.usage, failed=max(0, request.attempts - 1))
    return bill


def attempts_of(record: Spending) -> int:
    """Return how often something was sent for a record."""
    sent = (one.request for one in _requests(record))
    return sum(one.attempts for one in sent if one.timing is not None or one.usage is not None)


def _requests(record: Spending) -> Iterator[_Spent]:
    if record.turns is None:
        yield _Spent(record.model, record)
        return
    for turn in record.turns:
        yield _Spent(record.model, turn)
        if turn.partner is not None:
            yield _Spent(turn.partner.model or record.model, turn.partner)
    for probe in record.probes or ():
        yield _Spent(record.model, probe)
