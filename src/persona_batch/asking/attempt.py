"""One request, folded into one record.

Status: `truncated` (finish reason `length`, also if all went into reasoning) · `filtered` (finish reason
`content_filter`, an endpoint that refused the content, or a refusal given through the API's own field, which is
then the reply) · `empty` (complete, but nothing except white space) · `ok`. Reasoning is kept apart, also where the
endpoint sends it at the head of the text (`thinking`; `keep_thinking` leaves it there). Checks are evaluated on every
reply that came, whatever its status, as it came: a key in it is taken out of what is written, not of what is judged.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from persona_batch.asking.reply import Reply
from persona_batch.asking.shown import ShownText
from persona_batch.asking.thinking import split_thought
from persona_batch.chat import Message
from persona_batch.errors import ContentFiltered, ProviderError
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import Provider, Request, StreamInfo
from persona_batch.record import CheckResult, ErrorInfo, Record, Status, Timing
from persona_batch.record.provenance import utc_text
from persona_batch.record.record import judged
from persona_batch.record.runlog import Clean, as_is


async def attempt(
    provider: Provider,
    cell: Cell,
    *,
    run_id: str,
    attempts: int = 1,
    info: StreamInfo | None = None,
    on_text: Callable[[str], None] | None = None,
    on_first: Callable[[], None] | None = None,
    clean: Clean = as_is,
    keep_thinking: bool = False,
    on_doubt: Callable[[str], None] | None = None,
) -> Record:
    """Ask a cell once and return its record.

    Args:
        provider: the open endpoint.
        cell: what to ask.
        run_id: goes into the record.
        attempts: which try this is, from 1; goes into the record.
        info: filled in while the reply streams, so that the caller sees it also after a failure.
        on_text: called with each piece of the reply, clean of secrets; a word may come when it is whole. A thought
            at the head of the text is no part of it, except one that nothing marks before its end.
        on_first: called once, when the first part of the answer arrives.
        clean: takes secrets out of what the endpoint said.
        keep_thinking: leave a thought that the model wrote into its text in the reply.
        on_doubt: called with what may be wrong with a reply that is kept as it came.

    Raises:
        ProviderError: the request failed.
    """
    info = info or StreamInfo()
    reply = Reply()
    shown = None if on_text is None else ShownText(on_text, clean, keep_thinking=keep_thinking)
    feed = None if shown is None else shown.feed
    async for burst in provider.stream(Request(cell.model, cell.messages, cell.params), info):
        if on_first is not None and not reply.began_ns:
            on_first()
        reply.take(burst, feed)
    if shown is not None:
        shown.finish()
    if on_doubt is not None and reply.repeats_itself():
        on_doubt("the last piece of the reply says all before it once more; it is kept as it came")
    content, refusal = "".join(reply.content), "".join(reply.refusal)
    thought, content = ("", content) if keep_thinking else split_thought(content)
    said = content or refusal
    return _record(
        cell,
        run_id=run_id,
        attempts=attempts,
        text=clean(said),
        status=_status(said, "content_filter" if refusal and not content else reply.finish_reason),
        timing=_timing(info.sent_ns or reply.began_ns, reply.first_text_ns, reply.last_ns, reply.chunks),
        reply=reply,
        thought=thought,
        clean=clean,
        request_id=info.request_id,
        sent=info.messages,
        checks=judged(cell.checks, said),
    )


def failed_record(
    cell: Cell,
    error: ProviderError,
    *,
    run_id: str,
    attempts: int = 1,
    info: StreamInfo | None = None,
    clean: Clean = as_is,
) -> Record:
    """Return the record of a cell that was given up; its status is `filtered` if the content was refused."""
    info = info or StreamInfo()
    return _record(
        cell,
        run_id=run_id,
        attempts=attempts,
        text="",
        status="filtered" if isinstance(error, ContentFiltered) else "error",
        timing=_timing(info.sent_ns, 0, time.perf_counter_ns(), 0) if info.sent_ns else None,
        reply=Reply(),
        clean=clean,
        request_id=error.request_id or info.request_id,
        sent=info.messages,
        error=ErrorInfo(error.kind, clean(error.message), error.http_status),
    )


def _record(
    cell: Cell,
    *,
    run_id: str,
    attempts: int,
    text: str,
    status: Status,
    timing: Timing | None,
    reply: Reply,
    clean: Clean,
    thought: str = "",
    request_id: str | None,
    sent: Sequence[Message] | None,
    checks: list[CheckResult] | None = None,
    error: ErrorInfo | None = None,
) -> Record:
    return Record(
        key=cell.key,
        run_id=run_id,
        persona=cell.persona,
        variant=cell.variant,
        question=cell.question,
        speaker=cell.speaker,
        sample=cell.sample,
        placement=cell.placement,
        provider=cell.endpoint.provider,
        model=cell.model,
        model_returned=_cleaned(reply.model, clean),
        params=cell.params,
        messages=list(sent or cell.messages),
        reply=text,
        reasoning=_cleaned(_joined("".join(reply.reasoning), thought), clean),
        status=status,
        finish_reason=_cleaned(reply.finish_reason, clean),
        error=error,
        usage=reply.known_usage(),
        timing=timing,
        attempts=attempts,
        checks=checks or [],
        attributes=dict(cell.attributes),
        request_id=_cleaned(request_id, clean),
        system_fingerprint=_cleaned(reply.system_fingerprint, clean),
    )


def _joined(reasoning: str, thought: str) -> str | None:
    """Return both, if they are not the same."""
    if thought and reasoning.strip() and reasoning.strip() != thought:
        return f"{reasoning}\n\n{thought}"
    return reasoning or thought or None


def _cleaned(text: str | None, clean: Clean) -> str | None:
    return None if text is None else clean(text)


def _status(text: str, finish_reason: str | None) -> Status:
    if finish_reason == "length":
        return "truncated"
    if finish_reason == "content_filter":
        return "filtered"
    return "ok" if text and not text.isspace() else "empty"


def _timing(sent_ns: int, first_text_ns: int, last_ns: int, chunks: int) -> Timing:
    sent_unix_ns = time.time_ns() - (time.perf_counter_ns() - sent_ns)
    return Timing(
        started_at=utc_text(datetime.fromtimestamp(sent_unix_ns / 1e9, UTC)),
        ttft_ms=(first_text_ns - sent_ns) / 1e6 if first_text_ns else None,
        latency_ms=(last_ns - sent_ns) / 1e6,
        chunks=chunks,
    )
