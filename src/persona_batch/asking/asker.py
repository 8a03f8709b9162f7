"""The door to an endpoint: a `Request` becomes a `Reply` or a `Failure`, whatever it takes.

This is the one retry layer: the SDK's own is off, and a stream is read inside it.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

from persona_batch.asking.breaker import Breaker, Halt
from persona_batch.asking.gate import Gate
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import Gauge, RetryPolicy, RunLimits
from persona_batch.asking.permits import Permit, Reservation
from persona_batch.asking.reply import Failure, Incoming, Reply
from persona_batch.asking.thinking import ShownText
from persona_batch.errors import BatchError, ProcessLost, ProviderError
from persona_batch.provider.contract import Provider, Request, StreamInfo
from persona_batch.record.runlog import RunLog

_LOSSES = 8  # of processes that were asking a request; beyond, the request may be what ends them


class Asker:
    """Asks one endpoint, for many at once. Made inside the event loop that it asks in.

    Args:
        provider: the open endpoint.
        limits: what may be asked; a quota, a budget or an endpoint that is down then stops all asking. None: a person
            asks and sees what happens (`batch ask`), so each request is sent, and has an end of its own.
        policy: when to try again.
        ledger: counts the day's requests; needed if `limits.per_day` is set.
        log: told of retries and pauses; its `clean` takes secrets out of what the endpoint said.
        gauge: kept up to date.
        keep_thinking: leave thoughts that a model wrote into its text in the replies.
        make_gate: what requests wait at; by default one that keeps all limits itself.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        limits: RunLimits | None = None,
        policy: RetryPolicy | None = None,
        ledger: Ledger | None = None,
        log: RunLog | None = None,
        gauge: Gauge | None = None,
        keep_thinking: bool = False,
        make_gate: Callable[..., Gate] = Gate,
    ) -> None:
        self._provider = provider
        self._policy = policy or RetryPolicy()
        self._log = log or RunLog()
        self._gauge = gauge or Gauge()
        self._keep_thinking = keep_thinking
        self._halt = Halt()
        self._breaker = Breaker(Halt() if limits is None else self._halt)  # a person is stopped by nothing
        self._gate = make_gate(
            limits, halt=self._halt, gauge=self._gauge, ledger=ledger, log=self._log, patience=self._policy.total
        )

    @property
    def stopped(self) -> BatchError | None:
        """Why nothing is asked any more; None while it goes on."""
        return self._halt.reason

    def stop(self, reason: BatchError) -> None:
        """Ask nothing new and end all waits; requests on their way may finish."""
        self._halt.set(reason)

    def reserve(
        self, requests: int, first: Request, *, models: Sequence[str], later: Sequence[str] = ()
    ) -> Reservation:
        """Count requests of which one is worth nothing without the others; an async context, which gives back the rest.

        Args:
            requests: how many.
            first: the first of them.
            models: that are asked.
            later: what the user will say in the others.

        Raises:
            Halted: a budget does not reach so far, or asking was stopped.
            StorageError: the ledger cannot be written.
        """
        return self._gate.reserve(requests, first, models=models, later=later)

    async def ask(
        self,
        request: Request,
        *,
        label: str = "",
        reserved: Reservation | None = None,
        on_text: Callable[[str], None] | None = None,
        on_retry: Callable[[ProviderError, float], None] | None = None,
    ) -> Reply | Failure:
        """Ask until the request is answered or given up.

        Args:
            request: what is sent.
            label: what the log calls it: a cell's key.
            reserved: what it was counted in already; a retry is counted anew.
            on_text: called with each piece of the reply, clean of secrets; a word may come when it is whole. A thought
                at the head of the text is no part of it, except one that nothing marks before its end. After a retry,
                the pieces are those of the new reply.
            on_retry: called with the failure and the seconds until the next attempt.

        Raises:
            Halted: asking was stopped before the request was answered.
            StorageError: the ledger or the log cannot be written.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        tries = failures = 0
        paid = reserved is not None
        while True:
            self._halt.check(paid=paid)
            permit = await self._gate.admit(request, reserved, again=tries > 0)
            tries += 1
            info = StreamInfo()
            try:
                reply = await self._attempt(request, info, permit, tries, label, on_text)
            except ProviderError as error:
                if isinstance(error, ProcessLost) and tries - failures <= _LOSSES:
                    wait: float | None = 0.0  # who lost it replaces it, and says when that is in vain
                else:
                    failures += 1
                    wait = self._wait(error, failures, clock() - started, paid=paid)
                told = {"key": label, "kind": error.kind, "message": error.message}
                if wait is None:
                    self._log.write("given_up", attempts=tries, **told)
                    return Failure.of(error, request, info, attempts=tries, clean=self._log.clean)
                self._log.write("retry", attempt=tries, wait=round(wait, 3), **told)
                if on_retry is not None:
                    on_retry(error, wait)
            else:
                self._breaker.succeeded()
                return reply
            finally:
                for remark in info.remarks:
                    self._gauge.replicas = remark.replicas
                    self._log.write(remark.event, key=label, well=remark.replicas or "all", **remark.fields)
            self._gauge.retrying += 1
            try:
                await self._halt.sleep(wait, paid=paid)
            finally:
                self._gauge.retrying -= 1

    async def _attempt(
        self,
        request: Request,
        info: StreamInfo,
        permit: Permit,
        tries: int,
        label: str,
        on_text: Callable[[str], None] | None,
    ) -> Reply:
        """Ask once and give the permit back, whatever comes of it."""
        clean = self._log.clean
        shown = None if on_text is None else ShownText(on_text, clean, keep_thinking=self._keep_thinking)
        feed = None if shown is None else shown.feed
        incoming = Incoming()
        try:
            async for burst in self._provider.stream(request, info):
                if not incoming.began_ns:
                    permit.accepted()
                incoming.take(burst, feed)
            if shown is not None:
                shown.finish()
            if incoming.repeats_itself():
                doubt = "the last piece of the reply says all before it once more; it is kept as it came"
                self._log.write("doubt", key=label, message=doubt)
            reply = incoming.whole(request, info, attempts=tries, clean=clean, keep_thinking=self._keep_thinking)
        except BaseException as error:
            permit.failed(error, info.headers)
            raise
        permit.done(reply, info.headers)
        return reply

    def _wait(self, error: ProviderError, failures: int, elapsed: float, *, paid: bool) -> float | None:
        """Return the seconds until the request is sent again, or None: it is given up; tell the breaker.

        Raises:
            Halted: all asking is stopped, and the endpoint failed, not the request: a resumed run asks it.
        """
        self._breaker.failed(error)
        wait = self._policy.wait(failures, elapsed, error, random.random())  # noqa: S311  # jitter
        if wait is None:
            if error.retryable:
                self._breaker.exhausted(error, failures)
            if error.retryable or error.fatal:
                self._halt.check(paid=paid)
        return wait
