"""A judge's answer → the judgment that is kept."""

from msgspec.structs import replace

from persona_batch.asking.reply import Failure, Reply
from persona_batch.judging.parsing import read_choice, read_score
from persona_batch.judging.work import Bench, Task
from persona_batch.record import ErrorInfo, Timing
from persona_batch.record.judgment import Choice, Judgment, rubric_hash
from persona_batch.record.runlog import utc_text

_FLIPPED: dict[Choice, Choice] = {"a": "b", "b": "a", "tie": "tie"}


def judgment_of(task: Task, answer: Reply | Failure, bench: Bench, provider: str) -> Judgment:
    """Return what is kept of an answer; `provider` is the name of the judge's endpoint."""
    times, rubric = answer.times, bench.rubric
    judgment = Judgment(
        key=task.key,
        record_key=task.record_key,
        other_key=task.other_key,
        other_persona=task.other_persona,
        order=task.order,
        sample=task.sample,
        rubric=rubric.id,
        rubric_hash=rubric_hash(rubric),
        reply_hash=task.reply_hash,
        other_hash=task.other_hash,
        provider=provider,
        endpoint=bench.endpoint,
        judge=bench.model,
        params=bench.params,
        messages=list(answer.messages),
        status=answer.status,
        timing=times and Timing(utc_text(times.sent_at), times.ttft_ms, times.latency_ms, times.chunks),
        attempts=answer.attempts,
        request_id=answer.request_id,
    )
    if isinstance(answer, Failure):
        error = ErrorInfo(answer.error.kind, answer.message, answer.error.http_status)
        return replace(judgment, error=error, reason=f"the judge's endpoint: {answer.message}")
    judgment = replace(
        judgment,
        model_returned=answer.model,
        reply=answer.text,
        reasoning=answer.reasoning,
        usage=answer.usage,
    )
    cut = answer.status == "truncated"
    if answer.status != "ok" and not cut:
        return replace(judgment, reason=f"the judge's reply is {answer.status}")
    if rubric.scale is None:
        choice, why = read_choice(answer.text, cut=cut)
        if choice is not None and task.order == "ba":
            choice = _FLIPPED[choice]
        return replace(judgment, choice=choice, reason=why)
    reading = read_score(answer.text, rubric.scale, cut=cut)
    scores = dict(reading.scores)
    return replace(judgment, score=reading.score, scores=scores, refused=reading.refused, reason=reading.reason)
