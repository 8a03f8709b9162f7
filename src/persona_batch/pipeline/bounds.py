"""What a run may ask and how long it may wait: the files, the preset and the command line merged."""

from contextlib import AbstractContextManager, nullcontext

from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.config.batch import Batch
from persona_batch.pipeline.options import RunOptions
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.target import Target

REMOTE_CONCURRENCY = 8
LOCAL_CONCURRENCY = 2  # the embedded model's slots
_OTHER_FILES = 32  # that a run has open beside its connections, with some to spare


def run_limits(batch: Batch, target: Target, options: RunOptions) -> RunLimits:
    """Return the ceilings of a call; a preset's free daily quota holds unless the user says otherwise."""
    limits = batch.run.limits
    return RunLimits(
        concurrency=_with_open_files(wanted_concurrency(batch, target), options.workers),
        rpm=limits.rpm,
        tpm=limits.tpm,
        per_day=limits.per_day or target.preset.per_day,
        max_requests=options.max_requests,
        max_tokens_total=options.max_tokens_total,
        time_limit=options.time_limit,
        adaptive=target.name not in ("local", "scripted"),
    )


def wanted_concurrency(batch: Batch, target: Target) -> int:
    """Return how many requests are to be under way at most; the system may let us have fewer (`run_limits`)."""
    usual = LOCAL_CONCURRENCY if target.name == "local" else REMOTE_CONCURRENCY
    return batch.run.concurrency or usual


def _with_open_files(concurrency: int, workers: int) -> int:
    """Return the most connections that may be open, after asking the system for as many as are wanted.

    The limit is that of open files per process (`ulimit -n`); it is raised as far as a process may do so itself.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return concurrency
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    others = _OTHER_FILES + (2 * workers if workers > 1 else 0)
    needed = -(-concurrency // workers) + others
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        except (OSError, ValueError):  # some systems have a ceiling below the one they tell
            raised = soft
        return max(1, min(concurrency, (raised - others) * workers))
    return concurrency


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
