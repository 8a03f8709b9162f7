"""What has come of a reply so far: the chunks of a stream, folded together."""

from collections.abc import Callable

from persona_batch.chat import Usage
from persona_batch.provider.base import Burst


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
                self.usage = chunk.usage  # some endpoints count on in every chunk; the last one is the sum
            if chunk.refusal:
                self.refusal.append(chunk.refusal)
            self.model = self.model or chunk.model
            self.system_fingerprint = self.system_fingerprint or chunk.system_fingerprint
        if self.chunks and not self.first_text_ns:
            self.first_text_ns = burst.at_ns
