"""One judgment as one JSON line of judgments.jsonl, and the key under which it is had once."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from persona_batch.chat import Message, Params, Usage
from persona_batch.config.rubrics import Rubric
from persona_batch.plan.key import canonical_json
from persona_batch.record import ErrorInfo, Status, Timing
from persona_batch.record.journal import Journal

Choice = Literal["a", "b", "tie"]
Order = Literal["ab", "ba"]


class Judgment(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge said of a reply, or of two. Fields as documented in docs/judges.md.

    `record_key` is the reply's record, `other_key` that of the reply it was set beside, by
    `other_persona`; `order` says which of them
    stood first (`ab`: the record's). `choice` is about the records: `a` is that of `record_key`, wherever it stood.
    `reply_hash` and `other_hash` tell what was judged, `endpoint` where the judge was asked.
    `score` is null where there is none, and `reason` says why; `refused`: the judge says that the reply declined.
    """

    schema_version: int = 1
    key: str
    record_key: str
    other_key: str | None = None
    other_persona: str | None = None
    order: Order | None = None
    sample: int = 0
    rubric: str
    rubric_hash: str
    reply_hash: str
    other_hash: str | None = None
    provider: str
    endpoint: str = ""
    judge: str
    model_returned: str | None = None
    params: Params = msgspec.field(default_factory=dict)
    messages: list[Message] = msgspec.field(default_factory=list)
    reply: str = ""
    reasoning: str | None = None
    status: Status
    score: float | None = None
    scores: dict[str, float] = msgspec.field(default_factory=dict)
    refused: bool = False
    choice: Choice | None = None
    reason: str | None = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    attempts: int = 1
    request_id: str | None = None


def judgments_at(run: Path) -> Journal[Judgment]:
    """Return the judgments of a run's folder as a journal."""
    again = "the reply is judged again by the next `batch judge`"
    return Journal(run / "judgments.jsonl", Judgment, noun="judgment", again=again)


def reply_hash(reply: str) -> str:
    """Return 16 hex digits that tell what was judged."""
    return hashlib.blake2b(reply.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def rubric_hash(rubric: Rubric) -> str:
    """Return 16 hex digits of what the judge is asked, with what params, and how it is read; not of the name."""
    scale = None if rubric.scale is None else msgspec.to_builtins(rubric.scale)
    asked = [rubric.text.text, None if rubric.system is None else rubric.system.text, scale, rubric.params]
    return hashlib.blake2b(canonical_json(asked), digest_size=8).hexdigest()


def judgment_key(said: Mapping[str, Any]) -> str:
    """Return the 32 hex digits of a judgment: of the records, the order, the messages, the judge, params and sample."""
    return hashlib.blake2b(canonical_json({**said, "v": 1}), digest_size=16).hexdigest()
