"""Adaptive concurrency: additive increase, multiplicative decrease, as TCP does it (RFC 5681).

It starts low and grows by one with every request that the endpoint begins to answer (a sudden burst is itself
refused by some endpoints), halves when the endpoint says "too fast", and from there grows by one per round.
"""

_FIRST = 16


class Throttle:
    """How many requests may be under way.

    Args:
        most: the ceiling.
        adaptive: False: the ceiling from the start, whatever the endpoint says.
    """

    def __init__(self, most: int, *, adaptive: bool = True) -> None:
        self._most = float(most)
        self._adaptive = adaptive
        self._size = min(self._most, _FIRST) if adaptive else self._most
        self._slow_start_until = self._most
        self._cut_at = float("-inf")

    @property
    def size(self) -> int:
        """Requests that may be under way now, at least 1."""
        return int(self._size)

    def accepted(self) -> None:
        """The endpoint began to answer a request."""
        if self._size < self._most:
            step = 1.0 if self._size < self._slow_start_until else 1.0 / self._size
            self._size = min(self._most, self._size + step)

    def refused(self, sent_at: float, now: float) -> bool:
        """The endpoint said "too fast" to a request sent at `sent_at`; return True if concurrency was cut.

        One burst is answered by many refusals: those sent before the last cut say nothing new.
        """
        if not self._adaptive or sent_at <= self._cut_at:
            return False
        before = self.size
        self._size = self._slow_start_until = max(1.0, self._size / 2)
        self._cut_at = now
        return self.size < before
