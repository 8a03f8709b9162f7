"""What comes of a request: the chunks of its stream, folded together, and the `Reply` or `Failure` they end as."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from msgspec import UNSET, UnsetType

from persona_batch.asking.thinking import split_thought
from persona_batch.chat import Message, Usage
from persona_batch.errors import ContentFiltered, ProviderError
from persona_batch.provider.contract import Burst, Request, StreamInfo
from persona_batch.record.runlog import Clean

_MOST_TOKENS: Final = 100_000_000  # of one request; what is more was not counted
_REPEATED: Final = 16  # characters; shorter words are said twice


class Times(NamedTuple):
    """When the last attempt was sent, and how long it took, in milliseconds.

    `ttft_ms`: from sending to the first content or reasoning (None: none came); `latency_ms`: to the end; `chunks`:
    stream events that carried text.
    """

    sent_at: datetime
    ttft_ms: float | None
    latency_ms: float
    chunks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A finished reply. Its texts are clean of secrets, but for `said`.

    `text` is what is kept: the content without a thought at its head, or else the refusal given through the API's own
    field. `said` is the same as it came: what checks judge. `reasoning` holds the thought too.

    Status: `truncated` (finish reason `length`, also if all went into reasoning) · `filtered` (finish reason
    `content_filter`, or nothing but a refusal) · `empty` (complete, but nothing except white space) · `ok`.

    `messages` are those that went out; `attempts` counts from 1.
    """

    text: str
    said: str
    reasoning: str | None
    refusal: str | None
    status: Literal["ok", "truncated", "filtered", "empty"]
    finish_reason: str | None
    usage: Usage | None
    times: Times
    model: str | None
    system_fingerprint: str | None
    request_id: str | None
    messages: Sequence[Message]
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A request that was given up.

    `error` is the last one as it was raised, `message` its words clean of secrets; `times` is None where nothing was
    sent. Its status is `filtered` if the endpoint refused the content.
    """

    error: ProviderError
    message: str
    times: Times | None
    request_id: str | None
    messages: Sequence[Message]
    attempts: int

    @classmethod
    def of(cls, error: ProviderError, request: Request, info: StreamInfo, *, attempts: int, clean: Clean) -> "Failure":
        """Return what is left of a request after its last error."""
        return cls(
            error=error,
            message=clean(error.message),
            times=_times(info.sent_ns, 0, time.perf_counter_ns(), 0) if info.sent_ns else None,
            request_id=_cleaned(error.request_id or info.request_id, clean),
            messages=info.messages or request.messages,
            attempts=attempts,
        )

    @property
    def status(self) -> Literal["filtered", "error"]:
        """What a record calls it."""
        return "filtered" if isinstance(self.error, ContentFiltered) else "error"


@dataclass(slots=True)
class Incoming:
    """A reply that is being received.

    `began_ns`, `first_text_ns` and `last_ns` are arrivals (of anything, of content or reasoning, of the latest)
    on the clock of `time.perf_counter_ns`, 0 before; `chunks` counts the events that carried text.
    """

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    chunks: int = 0
    began_ns: int = 0
    first_text_ns: int = 0
    last_ns: int = 0
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    system_fingerprint: str | None = None

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

    def whole(
        self, request: Request, info: StreamInfo, *, attempts: int, clean: Clean, keep_thinking: bool = False
    ) -> Reply:
        """Return the reply, of which nothing more comes.

        `keep_thinking` leaves a thought that the model wrote into its text where it is; else it goes to the reasoning.
        """
        content, refusal = "".join(self.content), "".join(self.refusal)
        thought, content = ("", content) if keep_thinking else split_thought(content)
        said = content or refusal
        return Reply(
            text=clean(said),
            said=said,
            reasoning=_cleaned(_joined("".join(self.reasoning), thought), clean),
            refusal=clean(refusal) or None,
            status=_status(said, "content_filter" if refusal and not content else self.finish_reason),
            finish_reason=_cleaned(self.finish_reason, clean),
            usage=self._known_usage(),
            times=_times(info.sent_ns or self.began_ns, self.first_text_ns, self.last_ns, self.chunks),
            model=_cleaned(self.model, clean),
            system_fingerprint=_cleaned(self.system_fingerprint, clean),
            request_id=_cleaned(info.request_id, clean),
            messages=info.messages or request.messages,
            attempts=attempts,
        )

    def repeats_itself(self) -> bool:
        """Whether the last piece of a long reply says all before it once more, as some endpoints sum it up."""
        last = self.content[-1] if self.content else ""
        return len(last) >= _REPEATED and len(self.content) > 1 and "".join(self.content[:-1]) == last

    def _known_usage(self) -> Usage | None:
        """Return the token counts that can be true: no tokens of a reply that has text are not known tokens."""
        usage = self.usage
        if usage is None or usage.completion_tokens != 0 or not (self.chunks or self.refusal):
            return usage
        total = usage.total_tokens if (usage.total_tokens or 0) > (usage.prompt_tokens or 0) else None
        known = Usage(usage.prompt_tokens, None, total, usage.cached_tokens)
        return None if known.prompt_tokens is None and total is None else known


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
            counted = (prompt or before.prompt_tokens, before.completion_tokens, before.total_tokens)
            return Usage(*counted, _cached(usage, before))
        prompt = prompt or before.prompt_tokens
        completion = before.completion_tokens if completion is None else completion
    return Usage(prompt or None, completion, total or None, _cached(usage, before))


def _cached(usage: Usage, before: Usage | None) -> int | UnsetType:
    """Return how much of the prompt was in the cache, by the last word of it."""
    said = _possible(usage.cached if before is None or usage.cached is not None else before.cached)
    return UNSET if said is None else said


def _possible(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= _MOST_TOKENS else None


def _joined(reasoning: str, thought: str) -> str | None:
    """Return both, if they are not the same."""
    if thought and reasoning.strip() and reasoning.strip() != thought:
        return f"{reasoning}\n\n{thought}"
    return reasoning or thought or None


def _cleaned(text: str | None, clean: Clean) -> str | None:
    return None if text is None else clean(text)


def _status(text: str, finish_reason: str | None) -> Literal["ok", "truncated", "filtered", "empty"]:
    if finish_reason == "length":
        return "truncated"
    if finish_reason == "content_filter":
        return "filtered"
    return "ok" if text and not text.isspace() else "empty"


def _times(sent_ns: int, first_text_ns: int, last_ns: int, chunks: int) -> Times:
    sent_unix_ns = time.time_ns() - (time.perf_counter_ns() - sent_ns)
    return Times(
        datetime.fromtimestamp(sent_unix_ns / 1e9, UTC),
        (first_text_ns - sent_ns) / 1e6 if first_text_ns else None,
        (last_ns - sent_ns) / 1e6,
        chunks,
    )
