"""A cell, played to its end and made into its record.

A cell is one turn. When cells have several, and probes, this is where they loop: each is one more request at the same
asker, made of the messages so far and the reply before it, and the record keeps them all.

A failure becomes a record too, so that it is asked again only when somebody wants that. Checks are evaluated on every
reply that came, whatever its status, as it came: a key in it is taken out of what is written, not of what is judged.
"""

from collections.abc import Callable

from msgspec.structs import replace

from persona_batch.asking.asker import Asker
from persona_batch.asking.reply import Failure, Reply
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import Request
from persona_batch.record import ErrorInfo, Record, Timing
from persona_batch.record.record import judged
from persona_batch.record.runlog import utc_text


async def play(cell: Cell, asker: Asker, *, run_id: str, on_text: Callable[[str], None] | None = None) -> Record:
    """Ask a cell until it is answered or given up, and return its record; `on_text` gets each piece of the reply.

    Raises:
        Halted: asking was stopped before the cell was answered.
    """
    answer = await asker.ask(request_of(cell), label=cell.key, on_text=on_text)
    return record_of(cell, answer, run_id=run_id)


def request_of(cell: Cell) -> Request:
    """Return what is sent for a cell."""
    return Request(cell.model, cell.messages, cell.params)


def record_of(cell: Cell, answer: Reply | Failure, *, run_id: str) -> Record:
    """Return the record of a cell that was answered or given up."""
    times = answer.times
    record = Record(
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
        params=cell.params,
        messages=list(answer.messages),
        status=answer.status,
        timing=times and Timing(utc_text(times.sent_at), times.ttft_ms, times.latency_ms, times.chunks),
        attempts=answer.attempts,
        attributes=dict(cell.attributes),
        factors=dict(cell.factors),
        request_id=answer.request_id,
    )
    if isinstance(answer, Failure):
        return replace(record, error=ErrorInfo(answer.error.kind, answer.message, answer.error.http_status))
    return replace(
        record,
        model_returned=answer.model,
        reply=answer.text,
        reasoning=answer.reasoning,
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        checks=judged(cell.checks, answer.said, answer=cell.answer, shown=answer.text),
        system_fingerprint=answer.system_fingerprint,
    )
