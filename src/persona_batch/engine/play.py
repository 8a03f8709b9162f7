"""A cell, played to its end and made into its record: one request, or a conversation (`talk`).

A failure becomes a record too, so that it is asked again only when somebody wants that. Checks are evaluated on every
reply that came, whatever its status, as it came: a key in it is taken out of what is written, not of what is judged.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from persona_batch.asking.asker import Asker
from persona_batch.asking.reply import Failure, Reply
from persona_batch.checks import Check
from persona_batch.engine.talk import Talk, error_of, timing_of
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import Request
from persona_batch.record import Record
from persona_batch.record.record import judged


async def play(cell: Cell, asker: Asker, *, run_id: str, on_text: Callable[[str], None] | None = None) -> Record:
    """Ask a cell until it is answered or given up, and return its record.

    `on_text` gets each piece of the reply, but of a conversation nothing: it is shown when it is whole.

    Raises:
        Halted: asking was stopped before the cell was answered; of a conversation nothing is kept then.
    """
    if not cell.converses:
        answer = await asker.ask(request_of(cell), label=cell.key, on_text=on_text)
        return record_of(cell, answer, run_id=run_id)
    talk = Talk(cell, asker)
    await talk.play()
    record = record_of(cell, talk.last, run_id=run_id, checks=talk.last_checks)
    ending = talk.ending
    return replace(
        record,
        turns=talk.turns,
        probes=talk.probes,
        status=ending.status if ending else record.status,
        finish_reason=ending.finish_reason if ending else record.finish_reason,
        error=ending.error if ending else record.error,
    )


def request_of(cell: Cell) -> Request:
    """Return what is sent for a cell, in its first turn."""
    return Request(cell.model, cell.messages, cell.params)


def record_of(cell: Cell, answer: Reply | Failure, *, run_id: str, checks: Sequence[Check] | None = None) -> Record:
    """Return the record of a cell that was answered or given up; `checks`: by default those of a single turn."""
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
        timing=timing_of(answer),
        attempts=answer.attempts,
        attributes=dict(cell.attributes),
        factors=dict(cell.factors),
        request_id=answer.request_id,
    )
    if isinstance(answer, Failure):
        return replace(record, error=error_of(answer))
    held_to = cell.checks + cell.first_checks if checks is None else checks
    return replace(
        record,
        model_returned=answer.model,
        reply=answer.text,
        reasoning=answer.reasoning,
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        checks=judged(held_to, answer.said, answer=cell.answer, shown=answer.text),
        system_fingerprint=answer.system_fingerprint,
    )
