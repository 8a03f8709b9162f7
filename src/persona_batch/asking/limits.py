"""What a run may ask of an endpoint."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Ceilings; None: none.

    `concurrency`: requests under way at once, reached by a slow start unless `adaptive` is False.
    `rpm`, `tpm`: requests and tokens in any 60 seconds. `per_day`: requests a day, over all runs and processes
    (`ledger`). `max_requests`, `max_tokens_total` (prompt and completion) and `time_limit` (seconds) are budgets of
    this process: a resumed run has them anew.
    """

    concurrency: int = 8
    rpm: int | None = None
    tpm: int | None = None
    per_day: int | None = None
    max_requests: int | None = None
    max_tokens_total: int | None = None
    time_limit: float | None = None
    adaptive: bool = True
