"""A found reply in its place in the batch → its record, and the judgments of its graders."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec.structs import replace

from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import FoundReply
from persona_batch.exchange.results.gathering import Gathered, Place
from persona_batch.record import Record, Timing
from persona_batch.record.judgment import Judgment, judgment_key, reply_hash
from persona_batch.record.record import TurnRecord


def record_of(reply: FoundReply, place: Place, gathered: Gathered, number: int, run_id: str) -> Record:
    """Return the record of a reply; its key is that of its cell, by the recipe of every run.

    Args:
        reply: what was found.
        place: where it stands in the batch.
        gathered: the batch.
        number: of the reply, among those that are carried over.
        run_id: the run's id.

    Raises:
        UsageError: the messages of the cell are not those that were sent.
    """
    found = gathered.grid.find(
        persona=gathered.ids[place.condition],
        variant=place.variant,
        question=gathered.questions[place.question],
        placement=_placement(gathered, place),
        model=gathered.grid.models[place.model],
        sample=int(gathered.samples[number]),
        factors=gathered.factors(place),
    )
    cell = None if found is None else found[1]()
    messages = reply.messages
    if cell is None or list(cell.messages) != messages[: len(reply.opening) + 1]:
        raise UsageError(f"{reply.place}: what was sent cannot be told in the terms of a run; take the entry out")
    timing = None if reply.timing is None else replace(reply.timing, started_at=_moment(reply.timing))
    return Record(
        key=cell.key,
        run_id=run_id,
        persona=cell.persona,
        variant=cell.variant,
        question=cell.question,
        sample=cell.sample,
        placement=cell.placement,
        provider=cell.endpoint.provider,
        model=cell.model,
        model_returned=reply.model_returned,
        params=cell.params,
        messages=messages,
        reply=reply.reply,
        reasoning=reply.reasoning,
        status=reply.status,
        finish_reason=reply.finish_reason,
        error=reply.error,
        usage=reply.usage,
        timing=timing,
        checks=reply.checks,
        factors=dict(cell.factors),
        turns=_turns(reply, timing),
        request_id=reply.request_id or gathered.copies.get(number),
        system_fingerprint=reply.system_fingerprint,
    )


def _placement(gathered: Gathered, place: Place) -> str:
    name = gathered.ids[place.condition]
    return next(one.placement for one in gathered.batch.personas if one.id == name)


def _moment(timing: Timing) -> str | None:
    """Return when it was sent in UTC; None where the source does not say it so that it can be read."""
    try:
        moment = datetime.fromisoformat(timing.started_at or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _turns(reply: FoundReply, timing: Timing | None) -> list[TurnRecord] | None:
    if not reply.earlier:
        return None
    before = [
        TurnRecord(user=turn.user, reply=turn.reply, status="ok" if turn.reply else "empty") for turn in reply.earlier
    ]
    last = TurnRecord(
        user=reply.text,
        reply=reply.reply,
        reasoning=reply.reasoning,
        status=reply.status,
        finish_reason=reply.finish_reason,
        error=reply.error,
        usage=reply.usage,
        timing=timing,
        checks=reply.checks,
        request_id=reply.request_id,
    )
    return [*before, last]


def judgments_of(reply: FoundReply, record: Record) -> Iterator[Judgment]:
    """Yield what graders of the source gave a reply as a number: a judgment each, by a rubric of the grader's name."""
    for name, score in reply.scores.items():
        digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        said = {"record_key": record.key, "rubric": name, "reply": reply_hash(record.reply), "judge": record.provider}
        yield Judgment(
            key=judgment_key(said),
            record_key=record.key,
            rubric=name,
            rubric_hash=digest,
            reply_hash=reply_hash(record.reply),
            provider=record.provider,
            endpoint=record.provider,
            judge=record.provider,
            status="ok",
            score=score,
        )
