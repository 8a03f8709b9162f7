"""Logs of Inspect (`inspect_ai`): `.json`, and the `.eval` archive, which is read entry by entry.

The task's name is what a condition is called, the system message what it is. Conversations whose assistant messages the
model made come over as turns. Scores that say right or wrong become checks under the scorer's name, numbers judgments.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from persona_batch.chat import Message, Params
from persona_batch.exchange.results.archive import Archive
from persona_batch.exchange.results.found import (
    Exchanged,
    FoundReply,
    Notes,
    Wanted,
    failure,
    kept_params,
    number_of,
    split_chat,
    status_of,
    text_of,
    tokens_of,
)
from persona_batch.exchange.results.reading import decoded, document, shown
from persona_batch.record import CheckResult, Timing

_FINISH = {"max_tokens": "length", "model_length": "length", "content_filter": "content_filter"}
_LEFT = "{n} samples with more than text in them (images, tools, several models' messages): left out"
_ATTACHED = "attachment://"


class _Config(msgspec.Struct):
    config: dict[str, Any] | None = None


class _Spec(msgspec.Struct):
    task: str = ""
    model: str = ""
    created: str = ""
    model_generate_config: dict[str, Any] | None = None


class _Head(msgspec.Struct):
    eval: _Spec
    plan: _Config | None = None
    status: str = ""
    samples: list[msgspec.Raw] | None = None


class _Chat(msgspec.Struct):
    role: str
    content: Any = None
    source: str | None = None
    tool_calls: list[Any] | None = None


class _Choice(msgspec.Struct):
    message: _Chat
    stop_reason: str | None = None


class _Output(msgspec.Struct):
    model: str | None = None
    choices: list[_Choice] = []
    usage: dict[str, Any] | None = None
    time: float | None = None
    response_id: str | None = None
    error: str | None = None


class _Sample(msgspec.Struct):
    id: str | int
    epoch: int = 1
    messages: list[_Chat] = []
    output: _Output | None = None
    scores: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    limit: dict[str, Any] | None = None
    started_at: str | None = None
    uuid: str | None = None
    attachments: dict[str, Any] = {}


def matches(suffix: str, head: bytes) -> bool:
    """Whether a file is a log of Inspect."""
    if suffix == ".eval":
        return head.startswith(b"PK")
    return suffix == ".json" and b'"eval"' in head and (b'"eval_id"' in head or b'"task_id"' in head)


def read(path: Path, _: Wanted, notes: Notes) -> Iterator[FoundReply]:
    """Yield the replies of a log.

    Raises:
        UsageError: it is broken.
    """
    name = shown(path)
    if path.suffix.lower() == ".eval":
        with Archive(path) as archive:
            text = archive.read("header.json") or archive.read("_journal/start.json")
            if text is None:
                raise archive.wrong("no header.json in it: no log of Inspect")
            head = decoded(text, _Head, f"{name}: header", what="Inspect writes it")
            _note_unfinished(head, name, notes)
            for entry in archive.names("samples/"):
                sample = archive.read(entry) or b""
                yield from _replies(head, decoded(sample, _Sample, f"{name}: {entry}", what="a sample"), name, notes)
        return
    data = document(path, "`inspect log convert --to eval` makes an archive of it, which is read entry by entry")
    head = decoded(data, _Head, name, what="Inspect writes it")
    _note_unfinished(head, name, notes)
    for number, raw in enumerate(head.samples or (), start=1):
        place = f"{name}: sample {number}"
        yield from _replies(head, decoded(raw, _Sample, place, what="a sample of Inspect"), name, notes)


def _note_unfinished(head: _Head, name: str, notes: Notes) -> None:
    if head.status != "success":
        notes.add(f"{name}: the evaluation is not finished (`{head.status or 'started'}`); what is there is taken over")


def _replies(head: _Head, sample: _Sample, name: str, notes: Notes) -> Iterator[FoundReply]:
    place = f"{name}: sample {sample.id}, epoch {sample.epoch}"
    output = sample.output
    choice = output.choices[0] if output is not None and output.choices else None
    failed = sample.error is not None or choice is None
    told = _told(sample, ends=choice is not None)
    reply = _with_thought(_whole(choice.message.content, sample) if choice is not None else "")
    if told is None or reply is None or (choice is not None and choice.message.tool_calls):
        notes.add(_LEFT, place)
        return
    opening, earlier, text = told
    finish = None if choice is None or choice.stop_reason is None else choice.stop_reason
    finish = _FINISH.get(finish or "", finish)
    usage = output.usage if output is not None else None
    seconds = output.time if output is not None else None
    reason = (sample.error or {}).get("message") or (output.error if output else None)
    yield FoundReply(
        place=place,
        opening=opening,
        earlier=earlier,
        text=text,
        label=head.eval.task or None,
        identity=str(sample.id),
        model=head.eval.model,
        model_returned=output.model if output is not None and not failed else None,
        params=_params(head),
        sample=sample.epoch,
        reply="" if failed else reply[0],
        reasoning=None if failed else reply[1],
        status="error" if failed else status_of(reply[0], finish),
        finish_reason=None if failed else finish,
        error=failure(reason, "Inspect gives no reason") if failed else None,
        usage=None if failed else tokens_of(usage),
        timing=Timing(started_at=sample.started_at, latency_ms=None if seconds is None else seconds * 1000),
        origin=sample.uuid,
        request_id=output.response_id if output is not None and not failed else None,
        checks=[] if failed else _checks(sample.scores or {}, place, notes),
        scores={} if failed else _numbers(sample.scores or {}),
    )


def _params(head: _Head) -> Params:
    """Return the request parameters; those of the plan are laid over those of the model."""
    own = {**(head.eval.model_generate_config or {}), **((head.plan.config if head.plan else None) or {})}
    if "stop_seqs" in own:
        own["stop"] = own["stop_seqs"]
    return kept_params(own)


def _told(sample: _Sample, *, ends: bool) -> tuple[list[Message], list[Exchanged], str] | None:
    """Return what stood before the first question, the turns before the last one, and the last question."""
    messages = [(one.role, _whole(one.content, sample), one.source) for one in sample.messages]
    if any(one.tool_calls for one in sample.messages):
        return None
    if ends and messages and messages[-1][0] == "assistant":
        messages.pop()
    split = split_chat([(role, _plain(content)) for role, content, _ in messages])
    if split is None:
        return None
    before, text = split
    played = [
        place for place, (role, _, source) in enumerate(messages[:-1]) if role == "assistant" and source == "generate"
    ]
    if not played:
        return before, [], text
    start = played[0] - 1
    turns = before[start:]
    asks, answers = turns[::2], turns[1::2]
    if start < 0 or len(asks) != len(answers) or any(one.role != "user" for one in asks):
        return None
    if any(one.role != "assistant" for one in answers):
        return None
    both = zip(asks, answers, strict=True)
    return before[:start], [Exchanged(user=ask.content, reply=answer.content) for ask, answer in both], text


def _whole(content: object, sample: _Sample) -> object:
    """Return a content with what was moved to the attachments back in its place."""
    if isinstance(content, str):
        known = sample.attachments.get(content.removeprefix(_ATTACHED)) if content.startswith(_ATTACHED) else None
        return content if known is None else known
    if isinstance(content, list):
        return [
            {**part, "text": _whole(part["text"], sample)} if isinstance(part, dict) and "text" in part else part
            for part in content
        ]
    return content


def _plain(content: object) -> object:
    found = _with_thought(content)
    return content if found is None else found[0]


def _with_thought(content: object) -> tuple[str, str | None] | None:
    """Return the text of a reply and the thought before it; None: there is something else in it."""
    if not isinstance(content, list):
        text = text_of(content)
        return None if text is None else (text, None)
    thoughts = [part for part in content if isinstance(part, dict) and part.get("type") == "reasoning"]
    text = text_of([part for part in content if part not in thoughts] or "")
    thought = "".join(str(part.get("reasoning") or "") for part in thoughts) or None
    return None if text is None else (text, thought)


def _checks(scores: Mapping[str, Any], place: str, notes: Notes) -> list[CheckResult]:
    found = []
    for name, score in scores.items():
        value = score.get("value") if isinstance(score, dict) else None
        if value in ("C", "I") or isinstance(value, bool):
            passed = value == "C" or value is True
            found.append(CheckResult(f"inspect {name}", passed, None, None if passed else "by the scorer of Inspect"))
        elif not isinstance(value, int | float | dict):
            notes.add(
                "{n} {score that is|scores that are} neither right or wrong nor {a number|numbers}: left out", place
            )
    return found


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for name, score in scores.items():
        value = score.get("value") if isinstance(score, dict) else None
        parts = {f"{name} {part}": one for part, one in value.items()} if isinstance(value, dict) else {name: value}
        for label, part in parts.items():
            if (number := number_of(part)) is not None:
                found[label] = number
    return found
