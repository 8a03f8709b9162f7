"""A ceiling per minute that holds on the endpoint's clock, not only on ours.

A token bucket lets twice its rate through in an unlucky minute, and a request that was slow on its way arrives
later than it was sent. So this is a rolling window, and an amount counts as spent from the moment at which the
endpoint had it for certain (its answer began, or failed): as long as it is on its way, it is held.
"""

import heapq

_MARGIN = 0.05  # seconds; clocks differ


class RollingWindow:
    """At most `limit` (requests or tokens) in any `span` seconds. Times are seconds of one monotonic clock."""

    def __init__(self, limit: int, span: float = 60.0) -> None:
        self.limit = limit
        self._span = span + _MARGIN
        self._spent: list[tuple[float, int]] = []
        self._sum = 0
        self._held = 0

    def free_at(self, now: float, amount: int) -> float | None:
        """Return when to look again: `now` if `amount` may go, None if that depends on what is on its way.

        An amount above the limit may go when nothing else counts; else it could never.
        """
        while self._spent and self._spent[0][0] + self._span <= now:
            self._sum -= heapq.heappop(self._spent)[1]
        counted = self._sum + self._held
        if counted == 0 or counted + amount <= self.limit:
            return now
        return self._spent[0][0] + self._span if self._spent else None

    def hold(self, amount: int) -> None:
        """Count an amount that is on its way."""
        self._held += amount

    def settle(self, held: int, spent: int, now: float) -> None:
        """Turn what was held into what was really spent, at a moment not before the endpoint counted it."""
        self._held -= held
        if spent:
            heapq.heappush(self._spent, (now, spent))
            self._sum += spent
