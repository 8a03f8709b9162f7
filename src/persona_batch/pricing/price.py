"""What a model's tokens cost at an endpoint, and which price held when."""

from collections.abc import Sequence
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from persona_batch.chat import Usage

PER = 1_000_000  # tokens that a price is for
EXACT = Context(prec=60)  # no sum of whole tokens times a price is ever rounded


_DEAREST = Decimal("1e12")  # a million tokens, of any currency; what lies beyond was made up to do harm


def amount_of(value: Decimal, most: Decimal) -> Decimal:
    """Return an amount of money that can be reckoned with.

    Raises:
        ValueError: it cannot, or is less than nothing.
    """
    if not value.is_finite() or (value and not 1 / most <= value <= most):
        raise ValueError("expected an amount of money")
    return value


def read_amount(written: str) -> Decimal:
    """Return an amount of money above 0, as it is written.

    Raises:
        ValueError: it is none.
    """
    try:
        value = Decimal(written if written.isascii() and "_" not in written else "")
    except InvalidOperation:
        raise ValueError("no number") from None
    if not value:
        raise ValueError("nothing")
    return amount_of(value, _DEAREST)


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a million tokens cost, in `currency` (ISO 4217; empty: nothing is charged).

    `cached_input`: those of the prompt that the endpoint had in its cache; None: as `input`. The price holds for
    prompts of up to `up_to` tokens, for longer ones the price `longer` (None: unknown). `at_most`: it is the highest of
    several that may have held. `batch` is the share of it that is paid for what comes in batch files (None: the whole).
    `source` says whose word it is.
    """

    input: Decimal
    output: Decimal
    currency: str = ""
    cached_input: Decimal | None = None
    up_to: int | None = None
    longer: "Price | None" = None
    at_most: bool = False
    batch: Decimal | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for part in (self.input, self.output, self.cached_input):
            if part is not None:
                amount_of(part, _DEAREST)
        if self.batch is not None and not (self.batch.is_finite() and 0 <= self.batch <= 1):
            raise ValueError("expected a share, from 0 to 1")

    @property
    def free(self) -> bool:
        """Whether no token costs anything."""
        parts = (self.input, self.output, self.cached_input or 0)
        return not any(parts) and (self.up_to is None or (self.longer is not None and self.longer.free))

    def at(self, prompt: int) -> "Price | None":
        """Return the price that holds for a prompt of so many tokens; None: it is unknown."""
        if self.up_to is None or prompt <= self.up_to:
            return self
        return None if self.longer is None else self.longer.at(prompt)

    def of(self, fresh: int, cached: int, output: int) -> Decimal:
        """Return what tokens cost, exactly: of the prompt outside and inside the endpoint's cache, and of the reply."""
        cheap = self.input if self.cached_input is None else self.cached_input
        units = EXACT.multiply(self.input, fresh)
        units = EXACT.add(units, EXACT.multiply(cheap, cached))
        return EXACT.divide(EXACT.add(units, EXACT.multiply(self.output, output)), Decimal(PER))


FREE = Price(input=Decimal(0), output=Decimal(0))


def streamed(price: Price) -> Price:
    """Return the price of what is streamed, alone."""
    return replace(price, batch=None)


@lru_cache(maxsize=256)
def in_batches(price: Price) -> Price:
    """Return the price of what comes in batch files, alone: the share of every part."""
    return streamed(price) if price.batch is None else _shared(price, price.batch)


def _shared(price: Price, share: Decimal) -> Price:
    return replace(
        price,
        input=EXACT.multiply(price.input, share),
        output=EXACT.multiply(price.output, share),
        cached_input=None if price.cached_input is None else EXACT.multiply(price.cached_input, share),
        longer=None if price.longer is None else _shared(price.longer, share),
        batch=None,
    )


class PriceList(msgspec.Struct, frozen=True):
    """The prices of a run's models since a moment (UTC, ISO 8601); None: unknown."""

    since: str
    prices: dict[str, Price | None]


def price_at(lists: Sequence[PriceList], model: str, moment: str) -> Price | None:
    """Return the price of a model for a request sent at a moment; `lists` in the order of their time, the first of all
    before it too.
    """
    for each in reversed(lists):
        if each.since <= moment:
            return each.prices.get(model)
    return lists[0].prices.get(model) if lists else None


def batch_price(lists: Sequence[PriceList], model: str) -> Price | None:
    """Return the price of a model for a request that came in a batch file at a moment that nobody noted.

    Where its price was not always the same, it is the highest; None: unknown, at one time at least.
    """
    held = {each.prices[model] for each in lists if model in each.prices}
    known = {in_batches(price) for price in held if price is not None}
    if not known or None in held:
        return None
    dearest = max(known, key=lambda price: (price.output, price.input))
    return dearest if len(known) == 1 else replace(dearest, at_most=True)


def counts(usage: Usage | None) -> tuple[int, int] | None:
    """Return the tokens of prompt and reply, as far as one count says the other; None: the endpoint did not say."""
    if usage is None:
        return None
    prompt, reply, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
    if prompt is None and reply is not None and total is not None:
        prompt = total - reply
    elif reply is None and prompt is not None and total is not None:
        reply = total - prompt
    if prompt is None or reply is None or prompt < 0 or reply < 0:
        return None
    return prompt, reply
