"""The brake of a run, and the circuit breaker that sets it instead of letting ten thousand requests fail one by one.

The breaker stops a run at once when the key is refused, the model is unknown or the account's quota is exhausted, for
then every other request would fail alike: with exit code 2 if nothing was answered yet (the key or the model's name is
simply wrong), else with 3. It stops it with 3 when the endpoint is plainly down: after 5 refused connections in a row
before any answer, or after 10 failures in a row without any answer for 45 seconds. And it stops it with 3 when the
first 10 answers all refuse the request or are no chat completions; and when a request is out of retries while others
fail too and nothing at all has been answered for 45 seconds (60 if the answers are "too fast": limits are counted by
the minute). One request that always fails never stops a run.
"""

import asyncio
from collections.abc import Callable

from persona_batch.errors import (
    AuthRefused,
    BadRequest,
    BatchError,
    ConnectionFailed,
    Interrupted,
    MalformedReply,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerFailed,
    StoppedEarly,
    StreamCut,
    TimedOut,
    UsageError,
)
from persona_batch.wording import duration, local_time

_UNREACHED = 5
_DOWN_COUNT = 10
_DOWN_SECONDS = 45.0
_LIMITED_SECONDS = 60.0
_SAME_REFUSALS = 10
_NO_ANSWER = (ConnectionFailed, TimedOut, ServerFailed, StreamCut)


class Halted(Exception):
    """Raised where something would have been asked after the brake was set: it has no answer, and none is recorded."""


class Halt:
    """Stops a run: nothing new is asked, every wait ends, requests on their way may finish.

    `reason` is what the run will end with, or None while it goes on. The first reason stands, except that an
    interruption by the user replaces the others. Where it is a budget that is used up, what is paid for already (a
    conversation that was begun) goes on.
    """

    def __init__(self) -> None:
        self.reason: BatchError | None = None
        self._unpaid, self._all = asyncio.Event(), asyncio.Event()  # what is stopped
        self._callbacks: list[Callable[[], None]] = []

    @property
    def ends_all(self) -> bool:
        """Whether what is paid for already is stopped too."""
        return self._all.is_set()

    def set(self, reason: BatchError) -> None:
        """Set the brake."""
        self._all.set()
        self.spend(reason)

    def spend(self, reason: BatchError) -> None:
        """Set the brake for all that is not paid for already."""
        if self.reason is None or isinstance(reason, Interrupted):
            self.reason = reason
        self._unpaid.set()
        for callback in self._callbacks:
            callback()

    def check(self, *, paid: bool = False) -> None:
        """Raise `Halted` if the brake is set."""
        if (self._all if paid else self._unpaid).is_set():
            raise Halted

    def on_set(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the brake is set."""
        self._callbacks.append(callback)

    async def sleep(self, seconds: float, *, paid: bool = False) -> None:
        """Sleep, and no less than that.

        Raises:
            Halted: the brake was set before or meanwhile.
        """
        try:
            async with asyncio.timeout(seconds):
                await (self._all if paid else self._unpaid).wait()
        except TimeoutError:
            return
        raise Halted


class Breaker:
    """Watches the outcomes of all requests of a run and sets its brake."""

    def __init__(self, halt: Halt) -> None:
        self._halt = halt
        self._clock = asyncio.get_running_loop().time
        self._answered = False
        self._first_failure = 0.0
        self._failures = 0  # in a row
        self._refusals = 0
        self._silent_since = 0.0
        self._unanswered = 0  # requests in a row that failed, or were too fast

    def succeeded(self) -> None:
        """A reply is complete."""
        self._answered = True
        self._failures = self._unanswered = 0

    def failed(self, error: ProviderError) -> None:
        """A request failed; may set the brake."""
        if not isinstance(error, (*_NO_ANSWER, RateLimited)):
            self._unanswered = 0
        else:
            if not self._unanswered:
                self._silent_since = self._clock()
            self._unanswered += 1
        if isinstance(error, QuotaExhausted):
            more = "when there is more" if error.retry_after is None else f"after {local_time(error.retry_after)}"
            self._stop(f"{error.message}; the quota or the account is exhausted: resume the run {more}")
        elif error.fatal:
            key = "check the key, or name the variable that holds it by --api-key-env"
            remedy = key if isinstance(error, AuthRefused) else "check the model's name"
            self._stop(f"{error.message}; {remedy}", blame_input=not self._answered)
        elif isinstance(error, _NO_ANSWER):
            if not self._failures:
                self._first_failure = self._clock()
            self._failures += 1
            self._judge(error)
        else:
            self._failures = 0
            if isinstance(error, (BadRequest, MalformedReply)) and not self._answered:
                self._refusals += 1
                if self._refusals >= _SAME_REFUSALS:
                    self._stop(f"the first {self._refusals:,} requests all failed: {error.message}")
            elif not isinstance(error, RateLimited):
                self._answered = True

    def exhausted(self, error: ProviderError, tries: int) -> None:
        """A request is out of retries after `tries`, this failure included; may set the brake."""
        limited = isinstance(error, RateLimited)
        silent = self._clock() - self._silent_since
        if self._unanswered > tries and silent >= (_LIMITED_SECONDS if limited else _DOWN_SECONDS):
            state = "refuses everything as too fast" if limited else "is down"
            self._stop(f"the endpoint {state}: no answer for {duration(silent)}: {error.message}")

    def _judge(self, error: ProviderError) -> None:
        silent = self._clock() - self._first_failure
        if isinstance(error, ConnectionFailed) and not self._answered and self._failures >= _UNREACHED:
            self._stop(f"the endpoint cannot be reached: {error.message}")
        elif self._failures >= _DOWN_COUNT and silent >= _DOWN_SECONDS:
            self._stop(
                f"the endpoint is down: {self._failures:,} failures in a row, no answer for {duration(silent)}: "
                f"{error.message}"
            )

    def _stop(self, message: str, *, blame_input: bool = False) -> None:
        self._halt.set(UsageError(message) if blame_input else StoppedEarly(message))
