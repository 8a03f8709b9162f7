"""Limits that several processes keep together: they are counted in one of them, which lends permission to the others.

A process that asks has a `LeasedGate`: it keeps to its own share of the concurrency and heeds the endpoint's word by
itself, but for every request and every conversation it waits for a lease from whoever keeps the limits. The two talk in
`Word`s and `Answer`s, which are plain values and can be pickled; how they travel is not known here.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

from persona_batch.asking.breaker import Halt, Halted
from persona_batch.asking.gate import Gate
from persona_batch.asking.ledger import Ledger
from persona_batch.asking.limits import Gauge, RunLimits
from persona_batch.asking.permits import Permit, Reservation
from persona_batch.asking.reply import Reply
from persona_batch.errors import BatchError, RateLimited
from persona_batch.provider.contract import Request
from persona_batch.record.runlog import RunLog


@dataclass(frozen=True, slots=True)
class Want:
    """One request is to be sent; `reserved` is the number of the conversation's lease that it was counted in."""

    number: int
    request: Request
    reserved: int | None
    again: bool


@dataclass(frozen=True, slots=True)
class WantAll:
    """So many requests are to be sent, or none of them; see `Gate.reserve`."""

    number: int
    requests: int
    first: Request
    models: Sequence[str]
    later: Sequence[str]


@dataclass(frozen=True, slots=True)
class Began:
    """The endpoint began to answer."""

    number: int


@dataclass(frozen=True, slots=True)
class Over:
    """A lease is given back: of a request with its reply, if there is one, or with the word that it was `refused`.

    The reply says what it cost, and no more than is needed for that.
    """

    number: int
    reply: Reply | None = None
    refused: bool = False


Word: TypeAlias = Want | WantAll | Began | Over


@dataclass(frozen=True, slots=True)
class Answer:
    """A lease is granted; or refused, with why, and whether that holds for what was begun and paid for too."""

    number: int
    refused: BatchError | None = None
    everything: bool = False


class Leases:
    """The leases of one process; `tell` sends a word to whoever keeps the limits."""

    def __init__(self, tell: Callable[[Word], None]) -> None:
        self.tell = tell
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    async def obtain(self, want: Callable[[int], Word]) -> Answer:
        """Wait for the answer to what `want` makes of a new number."""
        number = next(self._numbers)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self.tell(want(number))
        try:
            return await future
        except asyncio.CancelledError:
            self.tell(Over(number))
            raise
        finally:
            del self._waiting[number]

    def take(self, answer: Answer) -> None:
        """Hand an answer to who waits for it; nobody may wait any more."""
        future = self._waiting.get(answer.number)
        if future is not None and not future.done():
            future.set_result(answer)


class LeasedGate(Gate):
    """A gate of one of several processes. Arguments are those of `Gate`, and `leases`, where permission comes from.

    Of the limits it keeps the concurrency; all others are kept where the leases come from.
    """

    def __init__(
        self,
        limits: RunLimits | None,
        *,
        halt: Halt,
        gauge: Gauge,
        ledger: Ledger | None,
        log: RunLog,
        patience: float,
        leases: Leases,
    ) -> None:
        assert limits is not None
        assert ledger is None, "the day is counted where the leases come from"
        own = RunLimits(concurrency=limits.concurrency, adaptive=limits.adaptive)
        super().__init__(own, halt=halt, gauge=gauge, ledger=None, log=log, patience=patience)
        self._brake = halt
        self._leases = leases

    def reserve(self, requests: int, first: Request, *, models: Sequence[str], later: Sequence[str]) -> Reservation:
        """Return what obtains the lease when it is entered; see `Gate.reserve`."""
        self._brake.check()

        def want(number: int) -> Word:
            return WantAll(number, requests, first, models, later)

        return _LeasedReservation(self, want, self._leases.tell)

    async def admit(self, request: Request, reserved: Reservation | None = None, *, again: bool = False) -> Permit:
        """Wait for a lease, and then for room among what is under way here; see `Gate.admit`."""
        counted_in = reserved.number if isinstance(reserved, _LeasedReservation) else None
        number = await self.obtain(lambda number: Want(number, request, counted_in, again))
        try:
            permit = await super().admit(request)
        except BaseException:
            self._leases.tell(Over(number, refused=True))  # it was never sent
            raise
        return _LeasedPermit(permit, number, self._leases.tell)

    async def obtain(self, want: Callable[[int], Word]) -> int:
        """Return the number of a lease that was granted.

        Raises:
            Halted: it was refused.
        """
        answer = await self._leases.obtain(want)
        if answer.refused is None:
            return answer.number
        if answer.everything:
            self._brake.set(answer.refused)
        else:
            self._brake.spend(answer.refused)
        raise Halted


class _LeasedPermit(Permit):
    __slots__ = ("_number", "_own", "_tell")

    def __init__(self, own: Permit, number: int, tell: Callable[[Word], None]) -> None:
        self._own, self._number, self._tell = own, number, tell

    def accepted(self) -> None:
        self._own.accepted()
        self._tell(Began(self._number))

    def done(self, reply: Reply, headers: Mapping[str, str]) -> None:
        self._own.done(reply, headers)
        counted = reply.usage is not None and reply.usage.total_tokens is not None
        told = replace(reply, said="", text="", reasoning=None, messages=()) if counted else replace(reply, said="")
        self._tell(Over(self._number, told))

    def failed(self, error: BaseException, headers: Mapping[str, str]) -> None:
        self._own.failed(error, headers)
        self._tell(Over(self._number, refused=isinstance(error, RateLimited)))


class _LeasedReservation(Reservation):
    __slots__ = ("_obtain", "_tell", "_want", "number")

    def __init__(self, gate: LeasedGate, want: Callable[[int], Word], tell: Callable[[Word], None]) -> None:
        self.number = -1
        self._obtain, self._want, self._tell = gate.obtain, want, tell

    async def __aenter__(self) -> Self:
        self.number = await self._obtain(self._want)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._tell(Over(self.number))
