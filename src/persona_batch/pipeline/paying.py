"""What is paid for the models of a call: what the files say, else what is known of the endpoint; and what held when."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from msgspec import structs

from persona_batch.asking.limits import RunLimits
from persona_batch.config.price_format import EVERY_MODEL
from persona_batch.engine.engines import BATCH
from persona_batch.pipeline.call import Call
from persona_batch.plan.grid import Grid
from persona_batch.pricing.budget import budget_of
from persona_batch.pricing.price import Price, PriceList, in_batches, streamed
from persona_batch.record.manifest import Manifest
from persona_batch.wording import listed, meant


def prices_of(call: Call, grid: Grid) -> dict[str, Price | None]:
    """Return the price of each model that is asked (None: nobody knows it); empty where nobody is paid.

    It is that of what is streamed, and says the share of it that batch files cost (`paid_in`).
    """
    said = call.batch.run.prices
    if not said and call.target.preset.own:
        return {}
    found: dict[str, Price | None] = {}
    for model in _models(grid):
        found[model] = said.get(model) or said.get(EVERY_MODEL)
        if found[model] is None and not call.target.preset.own:
            from persona_batch.pricing.known import known_price

            known = {known_price(url, model) for url in call.target.base_urls}
            found[model] = known.pop() if len(known) == 1 else None  # else it depends on which of a pool answers
    return {model: price and _with_share(price, call) for model, price in found.items()}


def _with_share(price: Price, call: Call) -> Price:
    """Return the price with the share of it that batch files cost at the endpoint, unless the file says it."""
    facts = call.target.preset.batch
    if price.batch is not None or price.free or facts is None or facts.share == 1:
        return price
    return structs.replace(price, batch=facts.share)


def paid_in(engine: str, prices: Mapping[str, Price | None]) -> dict[str, Price | None]:
    """Return what is paid for requests that go the way of an engine."""
    of_way = in_batches if engine == BATCH else streamed
    return {model: price and of_way(price) for model, price in prices.items()}


def doubts_of(call: Call, prices: dict[str, Price | None]) -> list[str]:
    """Return what is to be said of prices: of one that is no asked model's, while another model has none; and of one
    that makes a cache dearer than none.
    """
    unnamed = _unnamed(call, prices)
    dear = [name for name, price in prices.items() if price and (price.cached_input or 0) > price.input]
    said = f"`price:` of {listed(dear)}: `cached_input` is dearer than `input`; usually it is cheaper" if dear else None
    return [one for one in (unnamed, said) if one is not None]


def _unnamed(call: Call, prices: dict[str, Price | None]) -> str | None:
    named = [model for model in call.batch.run.prices if model and model not in prices]
    missing = [model for model, price in prices.items() if price is None]
    if not named or not missing:
        return None
    said = f"`price:` does not say what {listed(missing)} costs, and no model {named[0]} is asked"
    return f"{said}; {meant(named[0], missing)}"


def _models(grid: Grid) -> Iterator[str]:
    yield from grid.models
    for question in grid.all_questions:
        if question.talk is not None and question.talk.model is not None:
            yield question.talk.model


def within_cost(limits: RunLimits, call: Call, prices: dict[str, Price | None]) -> RunLimits:
    """Return the limits with what `--max-cost` lets be spent.

    Raises:
        UsageError: what is asked has no price, an unknown one, or prices in several currencies.
    """
    most = call.options.max_cost
    if most is None:
        return limits
    if call.shard is not None:
        most = call.shard.share_of_money(most, "--max-cost")
    return replace(limits, budget=budget_of(most, paid_in(call.options.engine, prices), call.target.identity))


def price_lists(earlier: Manifest | None, prices: dict[str, Price | None], now: str) -> list[PriceList]:
    """Return the prices of a run since its beginning, with those that hold from now on."""
    before = [] if earlier is None else list(earlier.prices)
    if not before:
        if not prices:
            return []
        if earlier is not None and earlier.counts:
            before = [PriceList(earlier.started_at, {})]  # nobody wrote down which held
    return before if before and before[-1].prices == prices else [*before, PriceList(now, prices)]
