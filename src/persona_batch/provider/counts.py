"""Token counts as endpoints write them."""

import math
from typing import Any

import msgspec

from persona_batch.chat import Usage


class _Details(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class TokenCounts(msgspec.Struct, gc=False):
    """The counts as they stand in a payload; what was in the cache has several names."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    prompt_cache_hit_tokens: int | None = None  # DeepSeek's
    cached_tokens: int | None = None  # Moonshot's

    def plain(self) -> Usage:
        """Return the counts under the names that everybody speaks."""
        of = self.prompt_tokens_details
        cached = _first(None if of is None else of.cached_tokens, self.prompt_cache_hit_tokens, self.cached_tokens)
        return Usage(self.prompt_tokens, self.completion_tokens, self.total_tokens, cached)


def counts_of(value: Any) -> Usage | None:
    """Return the counts of a payload in any shape; None: there are none."""
    if not isinstance(value, dict):
        return None
    prompt, reply, total = (_count(value.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if prompt is reply is total is None:
        return None
    details = value.get("prompt_tokens_details")
    of_cache = details.get("cached_tokens") if isinstance(details, dict) else None
    others = (value.get(name) for name in ("prompt_cache_hit_tokens", "cached_tokens"))
    return Usage(prompt, reply, total, _first(*map(_count, (of_cache, *others))))


def _first(*counts: int | None) -> int | msgspec.UnsetType:
    return next((count for count in counts if count is not None), msgspec.UNSET)


def _count(value: Any) -> int | None:
    try:
        number = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() else None
