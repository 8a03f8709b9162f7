"""Several replicas of one endpoint, asked as if they were one.

The least busy of those that are well gets a request. One that fails it is passed over, as long as nothing of the reply
was handed on: another one is asked at once. Failures that are the request's own fault are not tried elsewhere. Whoever
asks sees one attempt; when no replica is left, it gets the last failure, and judges it as that of any endpoint.

A replica is sick that cannot be reached, stalls, refuses (429, a key, an empty account), or fails three times in a row
or six of twenty. It rests, for longer each time and as long as it asks for, and is then tried with one request.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from persona_batch.errors import (
    BadRequest,
    ConnectionFailed,
    ContentFiltered,
    ContextTooLong,
    ModelUnknown,
    ProcessLost,
    ProviderError,
    TimedOut,
)
from persona_batch.provider.contract import Burst, Remark, Request, StreamInfo, Timeouts
from persona_batch.provider.patience import Patience
from persona_batch.provider.replica import Replica
from persona_batch.provider.target import Target
from persona_batch.wording import counted

_FAR: Final = 5.0  # times as long as its peers is a stall
_FIRST_BYTE: Final = 1.0  # seconds that are none yet, until the first byte
_GAP: Final = 3.0  # and between two parts: what came is lost, and asked for again
_SUSPECTED: Final = 600.0  # seconds
_LOOK: Final = 1.0  # seconds between two looks where nothing is known of peers
_NO_ROUTE: Final = (404, 405)  # refusals that are the address's fault


@dataclass(slots=True)
class _Course:
    """How a request has fared: the replicas that were tried, and the failures of all but the last of them."""

    tried: list[Replica] = field(default_factory=list)
    failures: list[ProviderError] = field(default_factory=list)


class PoolProvider:
    """Spreads requests over the replicas of an endpoint.

    Args:
        target: the endpoint.
        replicas: at its base URLs, in the same order.
        opened: what is to be entered for them.
        timeouts: that the replicas keep, for each request.
        tell: told of replicas that do not answer when they are asked for their models.
        in_parts: a reply comes in parts as it is made, so that the time between them says something.
    """

    def __init__(
        self,
        target: Target,
        replicas: Sequence[Replica],
        *,
        opened: Sequence[AbstractAsyncContextManager[Any]],
        timeouts: Timeouts,
        tell: Callable[[str], None] = lambda _: None,
        in_parts: bool = True,
    ) -> None:
        self.name = target.name
        self.identity = target.identity
        self.replicas = replicas
        self._opened = opened
        self._timeouts = timeouts
        self._tell = tell
        self._in_parts = in_parts
        self._turns = 0
        self._suspect: tuple[Replica | None, float] = (None, 0.0)  # and until when
        self._unsaid: list[Remark] = []

    async def __aenter__(self) -> Self:
        self._clock = asyncio.get_running_loop().time
        async with AsyncExitStack() as stack:
            for one in self._opened:
                await stack.enter_async_context(one)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
        """Stream one reply; see `contract.Provider`. The times in `info` are those of the attempt that answered."""
        course = _Course()
        failures = course.failures
        info.remarks, self._unsaid = self._unsaid, []
        while (replica := self._choose(request.model, course)) is not None:
            course.tried.append(replica)
            begun = False
            try:
                async with aclosing(self._attempt(replica, request, info, course)) as bursts:
                    async for burst in bursts:
                        begun = True
                        yield burst
            except ProviderError as error:
                if begun or isinstance(error, ProcessLost) or _own_fault(error):
                    raise
                failures.append(error)
                passed = self._remark("passed_over", replica, kind=error.kind, message=error.message)
                info.remarks = [*info.remarks, passed]
                info.sent_ns, info.request_id, info.headers, info.messages = 0, None, {}, None
            else:
                return
        # one that may pass says more of the pool than a replica that will never answer
        raise next((error for error in reversed(failures) if error.retryable), failures[-1])

    def _choose(self, model: str, course: _Course) -> Replica | None:
        """Return the replica to ask; None: there is none left.

        Where all rest it is one of them: who asks waits longer. So it is while those that were tried failed in ways
        that asking again does not mend: one that rests may be well by now.
        """
        now = self._clock()
        left = [one for one in self.replicas if one not in course.tried]
        able = [one for one in left if one.takes(model, now)]
        if able:
            return min(able, key=lambda one: (one.busy, one.turn))
        if any(error.retryable for error in course.failures):
            return None
        return min(left, key=lambda one: (one.rests_until(model), one.turn), default=None)

    async def _attempt(
        self, replica: Replica, request: Request, info: StreamInfo, course: _Course
    ) -> AsyncGenerator[Burst]:
        """Ask one replica, and keep account of what comes of it."""
        clock, model = self._clock, request.model
        self._turns += 1
        replica.turn = self._turns
        sent = last = clock()
        longest = 0.0
        begun = False
        patience = Patience(lambda waited: self._more(course, waited, begun=begun))
        try:
            with replica.asked(model, sent) as mark:
                async with aclosing(replica.source.stream(request, info)) as bursts:
                    while True:
                        with patience:
                            burst = await anext(bursts, None)
                        if burst is None:
                            break
                        now = clock()
                        if self._in_parts:
                            replica.heard[mark] = now
                        if not begun:
                            begun = True
                            if not self._in_parts:
                                del replica.heard[mark]
                            replica.firsts.append(now - sent)
                        elif now - last > longest:
                            longest = now - last
                        last = now
                        yield burst
        except ProviderError as error:
            late = begun and isinstance(error, TimedOut) and clock() - sent >= self._timeouts.total  # anywhere
            if not (late or isinstance(error, ProcessLost) or _own_fault(error)):
                info.remarks = [*info.remarks, *self._failed(replica, error, model, sent)]
            raise
        finally:
            patience.close()
        replica.gaps.append(longest)
        info.headers = {}  # what it says of limits of its own holds nobody else back
        if replica.succeeded(model, sent):
            info.remarks = [*info.remarks, self._remark("returned", replica)]

    def _more(self, course: _Course, waited: float, *, begun: bool) -> float | str:
        """Return the seconds that the last replica tried may still be waited for, or in words why it may not.

        A request may take long wherever it is asked. So one that was given up already is waited for where no other
        replica is left to try, and in the middle of replies no second replica is suspected soon after the first: there
        the time-outs hold.
        """
        replica = course.tried[-1]
        peers = [one for one in self.replicas if one is not replica and one.well]
        if begun and (not self._in_parts or self._clears(replica)):
            return _LOOK
        given_up = any(isinstance(error, TimedOut) for error in course.failures)
        if not begun and given_up and all(one in course.tried for one in peers):
            return _LOOK
        known = {one: max(times) for one in (replica, *peers) if (times := one.gaps if begun else one.firsts)}
        usual = max((known[one] for one in peers if one in known), default=None)
        if usual is None:
            return _LOOK
        most = max(_GAP if begun else _FIRST_BYTE, _FAR * usual, 2 * known.get(replica, 0.0))
        if waited < most:
            return most - waited
        lately = self._clock() - waited / 2
        if all(min(one.heard.values(), default=lately) < lately for one in peers if one in known):
            return _LOOK  # they have queues too, as where more is asked at a time than they take
        if begun:
            self._suspect = (replica, self._clock() + _SUSPECTED)
        came = "nothing more came" if begun else "nothing came"
        return f"{came} from {replica.url} for {waited:.1f} s, where other replicas take {usual:.2g} s at most"

    def _clears(self, replica: Replica) -> bool:
        """Whether another replica was given up in the middle of a reply not long ago."""
        suspect, until = self._suspect
        return suspect not in (None, replica) and self._clock() < until

    def _failed(self, replica: Replica, error: ProviderError, model: str, sent: float) -> list[Remark]:
        """Count a failure of a replica's; return what is to be told if it rests for it."""
        seconds = replica.failed(error, model, self._clock(), sent)
        if seconds is None:
            return []
        lacks = {"model": model} if isinstance(error, ModelUnknown) else {}
        said = self._remark("rested", replica, kind=error.kind, message=error.message, **lacks)
        return [said._replace(fields={**said.fields, "seconds": round(seconds, 3)})]

    def _remark(self, event: str, replica: Replica, **fields: str) -> Remark:
        well, count = sum(one.well for one in self.replicas), len(self.replicas)
        return Remark(event, {"replica": replica.url, **fields}, None if well == count else f"{well} of {count}")

    async def models(self) -> list[str]:
        """Return the models that all replicas have of those that answer; see `contract.Provider`.

        Raises:
            ProviderError: none answers.
        """
        listed = await self._listed()
        names = [one for one in listed if not isinstance(one, ProviderError)]
        if not names:
            errors = [one for one in listed if isinstance(one, ProviderError)]
            if all(isinstance(one, ConnectionFailed) for one in errors):
                errors[
                    0
                ].message = f"none of {counted(len(errors), 'replica')} is there; the first: {errors[0].message}"
            raise errors[0]
        now = self._clock()
        for replica, error in zip(self.replicas, listed, strict=True):
            if isinstance(error, ProviderError) and not _own_fault(error):
                self._unsaid += self._failed(replica, error, "", now)
        away = {
            one.url: f"{one.url} ({error})" for one, error in zip(self.replicas, listed, strict=True) if not one.well
        }
        if away:
            answer = f"{len(self.replicas) - len(away)} of {counted(len(self.replicas), 'replica')} answer"
            self._tell(f"{answer}; not asked for now: {'; '.join(away.values())}")
        return [name for name in names[0] if all(name in others for others in names)]

    async def _listed(self) -> list[list[str] | ProviderError]:
        """Return what each replica lists, or why it does not; none is waited for much longer than the first took."""
        started = self._clock()
        tasks = [asyncio.create_task(one.source.models()) for one in self.replicas]
        left = set(tasks)
        patience: float | None = None
        try:
            while left:
                done, left = await asyncio.wait(left, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    break
                if patience is None and any(one.exception() is None for one in done):
                    patience = max(_FIRST_BYTE, _FAR * (self._clock() - started))
        finally:
            for task in left:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*left, return_exceptions=True)
        listed: list[list[str] | ProviderError] = []
        for replica, task in zip(self.replicas, tasks, strict=True):
            error = None if task.cancelled() else task.exception()
            if task.cancelled():
                listed.append(TimedOut(f"{replica.url} does not say which models it has"))
            elif isinstance(error, ProviderError):
                listed.append(error)
            else:
                listed.append(task.result())
        return listed


def _own_fault(error: ProviderError) -> bool:
    """Whether the request would fail the same way elsewhere."""
    refused = isinstance(error, (BadRequest, ContentFiltered, ContextTooLong))
    return refused and error.http_status not in _NO_ROUTE
