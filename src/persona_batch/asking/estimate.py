"""How many tokens a request will cost, guessed before it is sent: rather too many than too few."""

from collections.abc import Iterable

from persona_batch.chat import Message
from persona_batch.plan.cell import Cell

_PER_MESSAGE = 8  # the chat template's own tokens
_FIRST_COMPLETION = 400
_GENEROSITY = 1.25


class TokenEstimate:
    """Guesses a cell's tokens: the prompt by its characters, the reply by its ceiling or by the replies so far."""

    def __init__(self) -> None:
        self._completion = float(_FIRST_COMPLETION)
        self._seen = 0

    def of(self, cell: Cell) -> int:
        """Return the tokens of prompt and reply together."""
        ceiling = cell.params.get("max_completion_tokens") or cell.params.get("max_tokens")
        reply = self._completion * _GENEROSITY
        if isinstance(ceiling, int):
            reply = min(reply, ceiling)
        return prompt_tokens(cell.messages) + int(reply) + 1

    def learn(self, completion_tokens: int) -> None:
        """Take a reply's length into account: quickly when it is longer than thought, slowly when shorter."""
        self._seen += 1
        weight = max(1 / self._seen, 0.5 if completion_tokens > self._completion else 0.05)
        self._completion += weight * (completion_tokens - self._completion)


def prompt_tokens(messages: Iterable[Message]) -> int:
    """Return a generous guess for all messages of a request."""
    return sum(text_tokens(message.content) + _PER_MESSAGE for message in messages)


def text_tokens(text: str) -> int:
    """Return a generous guess: a token per three ASCII characters, and one per other character."""
    others = len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - others) // 3 + others + 1
