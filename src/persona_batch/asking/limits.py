"""What may be asked of an endpoint, when a failed request is asked again, and what is under way: plain values."""

from dataclasses import dataclass

from persona_batch.errors import ProviderError
from persona_batch.pricing.budget import Budget

LATE = 0.02  # seconds added to the endpoint's own word: it must never find us early


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Ceilings; None: none.

    `concurrency`: requests under way at once, reached by a slow start unless `adaptive` is False.
    `rpm`, `tpm`: requests and tokens in any 60 seconds. `per_day`: requests a day, over all runs and processes
    (`ledger`). `max_requests`, `max_tokens_total` (prompt and completion), `time_limit` (seconds) and `budget` (money)
    are those of this process: a resumed run has them anew. `shard`: of which part of a whole they are the share, as
    `2/4`. `usual_reply`: tokens of a reply, as a mean of those before.
    """

    concurrency: int = 8
    rpm: int | None = None
    tpm: int | None = None
    per_day: int | None = None
    max_requests: int | None = None
    max_tokens_total: int | None = None
    time_limit: float | None = None
    budget: Budget | None = None
    shard: str | None = None
    usual_reply: float | None = None
    adaptive: bool = True


def counts_ahead(limits: RunLimits) -> bool:
    """Say whether the tokens or the money of a request are counted before it is answered."""
    return any(limit is not None for limit in (limits.tpm, limits.max_tokens_total, limits.budget))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how long apart, a failed request is asked again.

    The n-th wait is drawn evenly from the upper half of `base` × 2ⁿ⁻¹ seconds, at most `cap`; what the endpoint
    asks for (`Retry-After`) is waited for in full. A request is given up after `retries` retries, or when the next
    wait would end more than `total` seconds after its first attempt.
    """

    retries: int = 8
    base: float = 0.5
    cap: float = 60.0
    total: float = 900.0

    def wait(self, failures: int, elapsed: float, error: ProviderError, chance: float) -> float | None:
        """Return the seconds to wait after the n-th failure in a row, or None: give up.

        Args:
            failures: how many attempts have failed, from 1.
            elapsed: seconds since the first attempt.
            error: the last failure.
            chance: an even random number in [0, 1).
        """
        if not error.retryable or failures > self.retries:
            return None
        backoff = min(self.cap, self.base * 2.0 ** (failures - 1)) * (0.5 + 0.5 * chance)
        wait = backoff if error.retry_after is None else max(backoff, error.retry_after + LATE)
        return None if elapsed + wait > self.total else wait


@dataclass(slots=True)
class Gauge:
    """What is under way, live, for whoever draws it.

    `requests`: sent so far; `in_flight`: of these, not yet over; `unreached`: of these, nobody was there to take them;
    `retrying`: those that wait to be asked again. `waiting_for` says in words what holds requests back (None: nothing),
    until `waiting_until` on the clock of `time.monotonic`, if known. `replicas`: how many of a pool's are well, as
    `2 of 3`; None: all of them, or there is no pool.
    """

    requests: int = 0
    in_flight: int = 0
    unreached: int = 0
    retrying: int = 0
    waiting_for: str | None = None
    waiting_until: float | None = None
    replicas: str | None = None
