"""One replica of a pool: what it is busy with, how it has done lately, and whether it is asked."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from persona_batch.errors import (
    AuthRefused,
    ConnectionFailed,
    ModelUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
)
from persona_batch.provider.contract import HUNG_UP, Request, Stream, StreamInfo

_STREAK: Final = 3  # failures in a row
_LATELY: Final = 20  # outcomes
_BAD: Final = 6  # failures among these; of 20 with one failure in twenty, that is one case in three thousand
_PAUSE: Final = 1.0  # seconds of the first rest; each one after a trial that failed is twice as long
_LONGEST: Final = 300.0
_TIMED: Final = 32  # replies whose times are remembered
_PLAIN: Final = (AuthRefused, QuotaExhausted, RateLimited, TimedOut)  # failures of which one tells enough


class Source(Protocol):
    """Where a replica's replies come from: an open provider, or a part of one."""

    def stream(self, request: Request, info: StreamInfo) -> Stream:
        """Stream one reply; see `contract.Provider`."""
        ...

    async def models(self) -> list[str]:
        """Return the ids of the models; see `contract.Provider`."""
        ...


@dataclass(slots=True)
class Rest:
    """Whether something is left alone, and until when; then one request tries it.

    Moments are on the loop's clock. `since`: the first failure of those that it rests for (None: it is well).
    """

    since: float | None = None
    until: float = 0.0
    on_trial: bool = False
    _pause: float = 0.0

    def lets(self, now: float) -> bool:
        """Whether a request may be sent."""
        return self.since is None or (now >= self.until and not self.on_trial)

    def begin(self, now: float, sent: float, least: float | None) -> float | None:
        """Rest, after the failure of a request that was sent at `sent`, for `least` seconds or more.

        Returns the seconds of a rest that begins; None: it rests already, as for other requests of the same time.
        """
        if self.since is not None and (now < self.until or sent < self.until):
            if least is not None:
                self.until = max(self.until, now + least)
            return None
        self._pause = min(_LONGEST, max(_PAUSE, 2 * self._pause))
        self.since = now
        self.until = now + max(self._pause, least or 0.0)
        return self.until - now

    def end(self, sent: float) -> bool:
        """Be well, after the success of a request that was sent at `sent`; return whether that is news."""
        if self.since is None or sent < self.since:
            return False
        self.since = None
        return True

    def forget(self) -> None:
        """Let the next rest be a short one."""
        self._pause = 0.0


@dataclass(slots=True, eq=False)
class Replica:
    """One replica. `url` is its base URL, free of credentials; `busy` counts its requests under way.

    `heard` are those of them that are waited for, each with the moment when it was sent or last gave something; `turn`
    is when it was last chosen. `firsts` and `gaps` are the seconds until the first byte, and the longest between two
    parts, of its last replies.
    """

    url: str
    source: Source
    busy: int = 0
    turn: int = 0
    rest: Rest = field(default_factory=Rest)
    heard: dict[object, float] = field(default_factory=dict)
    firsts: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMED))
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMED))
    _lacks: dict[str, Rest] = field(default_factory=dict)  # by model
    _lately: deque[bool] = field(default_factory=lambda: deque(maxlen=_LATELY))  # whether each failed
    _streak: int = 0

    @property
    def well(self) -> bool:
        """Whether it is neither resting nor on trial."""
        return self.rest.since is None

    def takes(self, model: str, now: float) -> bool:
        """Whether a request for this model may be sent to it."""
        lack = self._lacks.get(model)
        return self.rest.lets(now) and (lack is None or lack.lets(now))

    def rests_until(self, model: str) -> float:
        """Return when it is tried again with this model."""
        lack = self._lacks.get(model)
        return max(self.rest.until if self.rest.since is not None else 0.0, 0.0 if lack is None else lack.until)

    @contextmanager
    def asked(self, model: str, sent: float) -> Iterator[object]:
        """Count a request while it is under way; yield what it is known by in `heard`."""
        mark = object()
        trials = [one for one in (self.rest, self._lacks.get(model)) if one is not None and one.since is not None]
        for one in trials:
            one.on_trial = True
        self.busy += 1
        self.heard[mark] = sent
        try:
            yield mark
        finally:
            self.heard.pop(mark, None)
            self.busy -= 1
            for one in trials:
                one.on_trial = False

    def succeeded(self, model: str, sent: float) -> bool:
        """Count a whole reply; return whether it is well again by it."""
        self._streak = 0
        self._lately.append(False)
        self._lacks.pop(model, None)
        if self.well and len(self._lately) == _LATELY and not any(self._lately):
            self.rest.forget()
        return self.rest.end(sent)

    def failed(self, error: ProviderError, model: str, now: float, sent: float) -> float | None:
        """Count a failure; return the seconds of a rest that begins with it."""
        if isinstance(error, ModelUnknown):
            return self._lacks.setdefault(model, Rest()).begin(now, sent, None)
        self._streak += 1
        self._lately.append(True)
        gone = isinstance(error, ConnectionFailed) and error.code != HUNG_UP
        plain = gone or isinstance(error, _PLAIN) or error.retry_after is not None
        if not (plain or not self.well or self._streak >= _STREAK or sum(self._lately) >= _BAD):
            return None
        self._streak = 0
        self._lately.clear()
        return self.rest.begin(now, sent, error.retry_after)
