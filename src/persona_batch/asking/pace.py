"""How fast an endpoint may be asked: what is under way at once, what goes into a minute, what a request will cost."""

import heapq
from collections.abc import Iterable

from persona_batch.chat import Message, Usage
from persona_batch.provider.contract import Request

_FIRST = 16  # requests at once, to begin with
_MARGIN = 0.05  # seconds; clocks differ
_PER_MESSAGE = 8  # the chat template's own tokens
_FIRST_COMPLETION = 400
_GENEROSITY = 1.25
_TRUSTED = 20  # replies that a mean of earlier ones counts as


class Throttle:
    """How many requests may be under way: additive increase, multiplicative decrease, as TCP does it (RFC 5681).

    It starts low and grows by one with every request that the endpoint begins to answer (a sudden burst is itself
    refused by some endpoints), halves when the endpoint says "too fast", and from there grows by one per round.

    Args:
        most: the ceiling.
        adaptive: False: the ceiling from the start, whatever the endpoint says.
    """

    def __init__(self, most: int, *, adaptive: bool = True) -> None:
        self._most = float(most)
        self._adaptive = adaptive
        self._size = min(self._most, _FIRST) if adaptive else self._most
        self._slow_start_until = self._most
        self._cut_at = float("-inf")

    @property
    def size(self) -> int:
        """Requests that may be under way now, at least 1."""
        return int(self._size)

    def accepted(self) -> None:
        """The endpoint began to answer a request."""
        if self._size < self._most:
            step = 1.0 if self._size < self._slow_start_until else 1.0 / self._size
            self._size = min(self._most, self._size + step)

    def refused(self, sent_at: float, now: float) -> bool:
        """The endpoint said "too fast" to a request sent at `sent_at`; return True if concurrency was cut.

        One burst is answered by many refusals: those sent before the last cut say nothing new.
        """
        if not self._adaptive or sent_at <= self._cut_at:
            return False
        before = self.size
        self._size = self._slow_start_until = max(1.0, self._size / 2)
        self._cut_at = now
        return self.size < before


class RollingWindow:
    """At most `limit` (requests or tokens; None: any number) in any `span` seconds.

    Times are seconds of one monotonic clock.
    It holds on the endpoint's clock, not only on ours. A token bucket lets twice its rate through in an unlucky minute,
    and a request that was slow on its way arrives later than it was sent. So an amount counts as spent from the moment
    at which the endpoint had it for certain (its answer began, or failed): as long as it is on its way, it is held.
    """

    def __init__(self, limit: int | None, span: float = 60.0) -> None:
        self.limit = limit
        self._span = span + _MARGIN
        self._spent: list[tuple[float, int]] = []
        self._sum = 0
        self._held = 0

    def free_at(self, now: float, amount: int) -> float | None:
        """Return when to look again: `now` if `amount` may go, None if that depends on what is on its way.

        An amount above the limit may go when nothing else counts; else it could never.
        """
        while self._spent and self._spent[0][0] + self._span <= now:
            self._sum -= heapq.heappop(self._spent)[1]
        counted = self._sum + self._held
        if self.limit is None or counted == 0 or counted + amount <= self.limit:
            return now
        return self._spent[0][0] + self._span if self._spent else None

    def hold(self, amount: int) -> None:
        """Count an amount that is on its way."""
        self._held += amount

    def settle(self, held: int, spent: int, now: float) -> None:
        """Turn what was held into what was really spent, at a moment not before the endpoint counted it."""
        self._held -= held
        if spent and self.limit is not None:
            heapq.heappush(self._spent, (now, spent))
            self._sum += spent


class TokenEstimate:
    """Guesses a request's tokens, rather too many than too few, before it is sent.

    The prompt is guessed by its characters, the reply by its ceiling or by the replies so far; `usual` is the mean of
    earlier ones.
    """

    def __init__(self, usual: float | None = None) -> None:
        self._completion = float(_FIRST_COMPLETION if usual is None else usual)
        self._seen = 0 if usual is None else _TRUSTED

    def of(self, request: Request) -> int:
        """Return the tokens of prompt and reply together."""
        return sum(self.parts(request))

    def parts(self, request: Request) -> tuple[int, int]:
        """Return the tokens of the prompt and those of the reply."""
        ceiling = request.params.get("max_completion_tokens") or request.params.get("max_tokens")
        reply = self._completion * _GENEROSITY
        if isinstance(ceiling, int):
            reply = min(reply, ceiling)
        return prompt_tokens(request.messages), int(reply) + 1

    def learn(self, usage: Usage | None) -> None:
        """Take a reply's length into account: quickly when it is longer than thought, slowly when shorter."""
        if usage is None or usage.completion_tokens is None:
            return
        length = usage.completion_tokens
        self._seen += 1
        weight = max(1 / self._seen, 0.5 if length > self._completion else 0.05)
        self._completion += weight * (length - self._completion)


def prompt_tokens(messages: Iterable[Message]) -> int:
    """Return a generous guess for all messages of a request."""
    return sum(text_tokens(message.content) + _PER_MESSAGE for message in messages)


def text_tokens(text: str) -> int:
    """Return a generous guess: a token per three ASCII characters, and one per other character."""
    others = len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - others) // 3 + others + 1
