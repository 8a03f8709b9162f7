"""What has come of a reply so far: the chunks of a stream, folded together."""

from collections.abc import Callable
from typing import Final

from persona_batch.chat import Usage
from persona_batch.provider.contract import Burst

_MOST_TOKENS: Final = 100_000_000  # of one request; what is more was not counted
_REPEATED: Final = 16  # characters; shorter words are said twice


class Reply:
    """A reply that is being received.

    `began_ns`, `first_text_ns` and `last_ns` are arrivals (of anything, of content or reasoning, of the latest)
    on the clock of `time.perf_counter_ns`, 0 before; `chunks` counts the events that carried text.
    """

    __slots__ = (
        "began_ns",
        "chunks",
        "content",
        "finish_reason",
        "first_text_ns",
        "last_ns",
        "model",
        "reasoning",
        "refusal",
        "system_fingerprint",
        "usage",
    )

    def __init__(self) -> None:
        self.content: list[str] = []
        self.reasoning: list[str] = []
        self.refusal: list[str] = []
        self.chunks = 0
        self.began_ns = self.first_text_ns = self.last_ns = 0
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self.system_fingerprint: str | None = None

    def take(self, burst: Burst, on_text: Callable[[str], None] | None) -> None:
        """Fold in the chunks of one network read; `on_text` is called with each piece of content."""
        self.last_ns = burst.last_ns or burst.at_ns
        self.began_ns = self.began_ns or burst.at_ns
        for chunk in burst.chunks:
            if chunk.content:
                self.content.append(chunk.content)
                self.chunks += 1
                if on_text is not None:
                    on_text(chunk.content)
            if chunk.reasoning:
                self.reasoning.append(chunk.reasoning)
                self.chunks += not chunk.content
            if chunk.finish_reason is not None:
                self.finish_reason = chunk.finish_reason
            if chunk.usage is not None:
                self.usage = _counted(chunk.usage, self.usage)
            if chunk.refusal:
                self.refusal.append(chunk.refusal)
            self.model = self.model or chunk.model
            self.system_fingerprint = self.system_fingerprint or chunk.system_fingerprint
        if self.chunks and not self.first_text_ns:
            self.first_text_ns = burst.at_ns

    def known_usage(self) -> Usage | None:
        """Return the token counts that can be true: no tokens of a reply that has text are not known tokens."""
        usage = self.usage
        if usage is None or usage.completion_tokens != 0 or not (self.chunks or self.refusal):
            return usage
        total = usage.total_tokens if (usage.total_tokens or 0) > (usage.prompt_tokens or 0) else None
        known = Usage(usage.prompt_tokens, None, total)
        return None if known == Usage() else known

    def repeats_itself(self) -> bool:
        """Whether the last piece of a long reply says all before it once more, as some endpoints sum it up."""
        last = self.content[-1] if self.content else ""
        return len(last) >= _REPEATED and len(self.content) > 1 and "".join(self.content[:-1]) == last


def _counted(usage: Usage, before: Usage | None) -> Usage | None:
    """Return what is known of the tokens after a further count; the last one is the sum, if it counts anything.

    A count that cannot be is unknown. No tokens of a prompt cannot be; none of a reply can, beside another count, where
    there were none before.
    """
    prompt, completion, total = map(_possible, (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens))
    if not (prompt or completion or total):
        return before
    if before is not None:
        if not completion and before.completion_tokens:
            return Usage(prompt or before.prompt_tokens, before.completion_tokens, before.total_tokens)
        prompt = prompt or before.prompt_tokens
        completion = before.completion_tokens if completion is None else completion
    return Usage(prompt or None, completion, total or None)


def _possible(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= _MOST_TOKENS else None
