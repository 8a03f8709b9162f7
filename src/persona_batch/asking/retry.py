"""The one retry layer: the SDK's own is off, and a stream is read inside it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from persona_batch.asking.attempt import attempt, failed_record
from persona_batch.asking.breaker import ENDS_RUN, Breaker
from persona_batch.asking.gate import Gate
from persona_batch.asking.halt import Halt
from persona_batch.asking.permit import Permit
from persona_batch.engine.progress import Progress
from persona_batch.errors import ProcessLost, ProviderError
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import Provider, StreamInfo
from persona_batch.record import Record
from persona_batch.record.runlog import RunLog

_LOSSES = 8  # of processes that were asking a cell; beyond, the cell may be what ends them
_LATE = 0.02  # seconds added to the endpoint's own word: it must never find us early


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how long apart, a failed request is asked again.

    The n-th wait is drawn evenly from the upper half of `base` × 2ⁿ⁻¹ seconds, at most `cap`; what the endpoint
    asks for (`Retry-After`) is waited for in full. A cell is given up after `retries` retries, or when the next
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
        wait = backoff if error.retry_after is None else max(backoff, error.retry_after + _LATE)
        return None if elapsed + wait > self.total else wait


async def ask(
    provider: Provider,
    cell: Cell,
    *,
    run_id: str,
    policy: RetryPolicy | None = None,
    gate: Gate | None = None,
    breaker: Breaker | None = None,
    halt: Halt | None = None,
    log: RunLog | None = None,
    progress: Progress | None = None,
    on_text: Callable[[str], None] | None = None,
    on_retry: Callable[[ProviderError, float], None] | None = None,
    keep_thinking: bool = False,
) -> Record:
    """Ask a cell until it is answered or given up; a failure becomes a record too.

    Args:
        provider: the open endpoint.
        cell: what to ask.
        run_id: goes into the record.
        policy: when to try again.
        gate: asked for permission before every attempt; None: none is needed.
        breaker: told of every outcome.
        halt: the run's brake, which ends waits.
        log: told of every retry; its `clean` takes secrets out of what the endpoint said.
        progress: told while the cell waits to be asked again.
        on_text: called with each piece of the reply; after a retry, with those of the new one.
        on_retry: called with the failure and the seconds until the next attempt.
        keep_thinking: leave a thought that the model wrote into its text in the reply.

    Raises:
        Halted: the run was stopped before the cell was answered; never if `halt`, `gate` and `breaker` are None.
    """
    policy = policy or RetryPolicy()
    halt = halt or Halt()
    log = log or RunLog()
    progress = progress or Progress(total=1)
    clock = asyncio.get_running_loop().time
    started = clock()
    tries = failures = 0
    while True:
        halt.check()
        permit = Permit() if gate is None else await gate.admit(cell)
        tries += 1
        info = StreamInfo()
        try:
            record = await _once(provider, cell, run_id, tries, info, permit, on_text, log, keep_thinking)
        except ProviderError as error:
            if isinstance(error, ProcessLost) and tries - failures <= _LOSSES:
                wait: float | None = 0.0  # who lost it replaces it, and says when that is in vain
            else:
                failures += 1
                wait = _wait(error, failures, clock() - started, policy, breaker, halt)
            told = {"key": cell.key, "kind": error.kind, "message": error.message}
            if wait is None:
                log.write("given_up", attempts=tries, **told)
                return failed_record(cell, error, run_id=run_id, attempts=tries, info=info, clean=log.clean)
            log.write("retry", attempt=tries, wait=round(wait, 3), **told)
            if on_retry is not None:
                on_retry(error, wait)
        else:
            if breaker is not None:
                breaker.succeeded()
            return record
        progress.retrying += 1
        try:
            await halt.sleep(wait)
        finally:
            progress.retrying -= 1


def _wait(
    error: ProviderError, failures: int, elapsed: float, policy: RetryPolicy, breaker: Breaker | None, halt: Halt
) -> float | None:
    """Return the seconds until the cell is asked again, or None: it is given up; tell the breaker.

    Raises:
        Halted: the run is stopped, and the endpoint failed, not the cell: a resumed run asks it.
    """
    if breaker is not None:
        breaker.failed(error)
    wait = policy.wait(failures, elapsed, error, random.random())  # noqa: S311  # jitter
    if wait is None:
        if breaker is not None and error.retryable:
            breaker.exhausted(error, failures)
        if error.retryable or isinstance(error, ENDS_RUN):
            halt.check()
    return wait


async def _once(
    provider: Provider,
    cell: Cell,
    run_id: str,
    tries: int,
    info: StreamInfo,
    permit: Permit,
    on_text: Callable[[str], None] | None,
    log: RunLog,
    keep_thinking: bool,
) -> Record:
    """Make one attempt and give the permit back, whatever comes of it."""
    try:
        record = await attempt(
            provider,
            cell,
            run_id=run_id,
            attempts=tries,
            info=info,
            on_text=on_text,
            on_first=permit.accepted,
            clean=log.clean,
            keep_thinking=keep_thinking,
            on_doubt=lambda what: log.write("doubt", key=cell.key, message=what),
        )
    except ProcessLost:
        permit.abandon()
        raise
    except ProviderError as error:
        permit.failed(error, info.headers)
        raise
    except BaseException:
        permit.abandon()
        raise
    permit.done(record, info.headers)
    return record
