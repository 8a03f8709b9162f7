"""How many cells a call asks for: known at once, but for a shard of a large grid, whose keys are gone through."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from persona_batch.plan.shard import Shard

_SLICE: Final = 256  # keys; about a millisecond
_AT_ONCE: Final = 20_000  # keys; less than a tenth of a second


class Count:
    """Counts the cells of a grid.

    Args:
        chosen: how many there are before the shard.
        keys: makes their keys.
        shard: the part that is asked; None: all of it.
    """

    def __init__(self, chosen: int, keys: Callable[[], Iterator[str]], shard: Shard | None) -> None:
        self._chosen, self._keys, self._shard = chosen, keys, shard
        self._known = chosen if shard is None else None
        self._slices: Iterator[None] | None = None

    @property
    def known(self) -> int | None:
        """The count, once it is known; that of a small grid is."""
        return self.whole() if self._known is None and self._chosen <= _AT_ONCE else self._known

    @property
    def about(self) -> int:
        """The count, or what it is about: keys are digests, so the shards are of one size but for chance."""
        known = self.known
        return known if known is not None else round(self._chosen / (self._shard.of if self._shard else 1))

    def __str__(self) -> str:
        return f"{self.about:,}" if self.known is not None else f"about {self.about:,}"

    def whole(self) -> int:
        """Return the count, after counting what is left to count."""
        for _ in self.slices():
            pass
        assert self._known is not None
        return self._known

    def slices(self) -> Iterator[None]:
        """Count, a millisecond's work at a time; whoever goes on, goes on where it was left."""
        if self._slices is None:
            self._slices = self._counting()
        return self._slices

    def _counting(self) -> Iterator[None]:
        shard = self._shard
        if shard is None:
            return
        keys, held, left = self._keys(), 0, self._chosen
        while left > 0:
            held += sum(map(shard.holds, islice(keys, _SLICE)))
            left -= _SLICE
            yield
        self._known = held
