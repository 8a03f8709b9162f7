"""What a run may ask and how long it may wait: the files, the preset and the command line merged."""

from contextlib import AbstractContextManager, nullcontext

from persona_batch.config.batch import Batch
from persona_batch.engine.ledger import Ledger
from persona_batch.engine.limits import RunLimits
from persona_batch.engine.retry import RetryPolicy
from persona_batch.pipeline.options import RunOptions
from persona_batch.provider.base import Timeouts
from persona_batch.provider.target import Target

REMOTE_CONCURRENCY = 8
LOCAL_CONCURRENCY = 2  # the embedded model's slots


def run_limits(batch: Batch, target: Target, options: RunOptions) -> RunLimits:
    """Return the ceilings of a call; a preset's free daily quota holds unless the user says otherwise."""
    limits = batch.run.limits
    usual = LOCAL_CONCURRENCY if target.name == "local" else REMOTE_CONCURRENCY
    return RunLimits(
        concurrency=batch.run.concurrency or usual,
        rpm=limits.rpm,
        tpm=limits.tpm,
        per_day=limits.per_day or target.preset.per_day,
        max_requests=options.max_requests,
        max_tokens_total=options.max_tokens_total,
        time_limit=options.time_limit,
        adaptive=target.name not in ("local", "scripted"),
    )


def policy_of(batch: Batch) -> RetryPolicy:
    """Return how often a failed request is asked again."""
    return RetryPolicy() if batch.run.retries is None else RetryPolicy(retries=batch.run.retries)


def timeouts_of(batch: Batch) -> Timeouts:
    """Return the time-outs; the user's one is for the whole reply, and may be all spent on the first token."""
    total = batch.run.timeout
    if total is None:
        return Timeouts(first_token=120.0)
    return Timeouts(connect=min(10.0, total), first_token=total, gap=min(60.0, total), total=total)


def daily_ledger(target: Target, limits: RunLimits) -> AbstractContextManager[Ledger | None]:
    """Return the ledger of the endpoint's day, where there is a daily limit to keep."""
    if limits.per_day is None:
        return nullcontext()
    return Ledger(endpoint=target.identity, key=target.key_fingerprint, zone=target.preset.day_zone)
