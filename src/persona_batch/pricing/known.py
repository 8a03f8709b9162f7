"""Prices that the package genai-prices knows: by endpoint, then by model. It is data, and nothing goes to the network.

The data takes 0.1 s and 12 MB to load (0.6 s and 75 MB where Python may keep no compiled files), so it is loaded only
for an endpoint that may stand in it. A price of the same model at another vendor is no price here: not one of a vendor
that genai-prices falls back on, nor one in dollars for an account that is billed in yuan.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from persona_batch.pricing.price import Price

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_ELSEWHERE = (".cn", ".aliyuncs.com", ".minimaxi.com", ".local", ".internal", ".lan", ".localhost")
"""Ends of hosts that cannot stand in it: billed in yuan (it has dollars only), or somebody's own."""

_NOT_BY_TOKEN = ("requests_kcount", "input_mchars", "audio_hours")  # what is charged beside tokens
_TOKENS = ("input_mtok", "cache_read_mtok", "output_mtok")
_OWN_PATTERN = {"api.moonshot.ai": "moonshotai"}  # whose pattern ends in the midst of the host


def known_price(base_url: str, model: str, now: datetime | None = None) -> Price | None:
    """Return what a model costs at an endpoint, in dollars; None: it is not known.

    Where the price depends on the time of day, it is the highest of them.
    """
    if not may_know(base_url):
        return None
    provider = _provider(base_url)
    found = None if provider is None else provider.find_model(model)
    return None if found is None else _price(found, now or datetime.now(UTC))


def may_know(base_url: str) -> bool:
    """Return whether the endpoint may stand in the data, without loading it."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https" or "." not in host or f".{host}".endswith(_ELSEWHERE):
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _provider(base_url: str) -> "Provider | None":
    from genai_prices.data_snapshot import get_snapshot

    parts = urlsplit(base_url)
    end = len("https://") + len(parts.netloc)
    for provider in get_snapshot().providers:
        if provider.id == _OWN_PATTERN.get(parts.netloc):
            return provider
        found = re.match(provider.api_pattern, base_url)
        if found is not None and (found.end() >= end):
            return provider
    return None


def _price(model: "ModelInfo", now: datetime) -> Price | None:
    """Return the price of a model on a day: the newest that has begun, or one of some hours, where that is more."""
    from genai_prices.types import ModelPrice, StartDateConstraint

    if isinstance(model.prices, ModelPrice):
        return _plain([model.prices])
    begun, by_hour = None, []
    for each in model.prices:
        if each.constraint is None or isinstance(each.constraint, StartDateConstraint):
            if each.constraint is None or each.constraint.active(now):
                begun = each.prices
        else:
            by_hour.append(each.prices)
    return _plain(([] if begun is None else [begun]) + by_hour)


def _plain(prices: "list[ModelPrice]") -> Price | None:
    """Return the highest of some prices."""
    known = [_parts(price) for price in prices]
    if not known or None in known:
        return None
    steps = {step for parts in known if parts for part in parts for step in _starts(part)}
    held: Price | None = None
    for low in sorted({0, *steps}, reverse=True):
        at = [[_of(part, low) for part in parts] for parts in known if parts]
        tops = [max((part for part in column if part is not None), default=None) for column in zip(*at, strict=True)]
        assert tops[0] is not None
        assert tops[2] is not None
        held = Price(
            input=tops[0],
            cached_input=tops[1],
            output=tops[2],
            currency="USD",
            up_to=min((step for step in steps if step > low), default=None),
            longer=held,
            at_most=len(at) > 1,
            source=_source(),
        )
    return held


def _parts(price: "ModelPrice") -> list[Any] | None:
    if price.input_mtok is None or price.output_mtok is None:
        return None
    if any(getattr(price, name, None) is not None for name in _NOT_BY_TOKEN):
        return None
    return [getattr(price, name) for name in _TOKENS]


def _starts(part: Any) -> list[int]:
    return [tier.start for tier in getattr(part, "tiers", ())]


def _of(part: Any, prompt: int) -> Decimal | None:
    """Return the part of a price that holds for prompts of more than so many tokens."""
    if part is None or isinstance(part, Decimal):
        return part
    begun = [tier.price for tier in part.tiers if tier.start <= prompt]
    price: Decimal = begun[-1] if begun and prompt else part.base
    return price


def _source() -> str:
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"
