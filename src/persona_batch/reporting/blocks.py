"""Records of one question → one block of columns; blocks → text that stands in a script element.

A block is gzip of UTF-8 JSON in base64. Columns pack a fifth smaller than rows, as alike values stand together; prompts
that several questions share stand once, in `meta`.
"""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persona_batch.chat import Message
from persona_batch.comparing.corpus import STATUSES
from persona_batch.errors import UsageError
from persona_batch.record import CheckResult, Record
from persona_batch.record.record import ErrorInfo, ProbeRecord, TurnRecord

_SURROGATE = re.compile("[\ud800-\udfff]")
_ALWAYS = ("condition", "sample", "status", "reply", "messages")
_SOMETIMES: dict[str, Any] = {  # what a column holds where it holds nothing
    **dict.fromkeys(("reasoning", "finish", "error", "ttft", "latency", "started", "prompt_tokens"), None),
    "completion_tokens": None,
    "attempts": 1,
    "engine": None,
    "returned": None,
    "checks": [],
    "scores": [],
    "talk": None,
}
_LEVEL = 6  # of gzip; 9 is half a percent smaller


def packed(value: object, clean: Callable[[str], str] = str) -> str:
    """Return a value as a block's text. Surrogates without their other half are kept, by their escapes.

    Args:
        value: anything that JSON can say.
        clean: what is taken out of the JSON (known keys), leaving it JSON.
    """
    text = clean(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    escaped = _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return base64.b64encode(gzip.compress(escaped.encode(), _LEVEL, mtime=0)).decode()


def unpacked(text: str) -> Any:
    """Return what `packed` was given."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


@dataclass(slots=True)
class Checks:
    """Declared checks by their labels, numbered in the order in which they were first met."""

    labels: dict[str, int] = field(default_factory=dict)
    _known: dict[tuple[str, str], int] = field(default_factory=dict)  # a label takes longer to make than to find

    def of(self, result: CheckResult) -> int:
        """Return the number of the check behind an outcome."""
        name = result.check, repr(result.expected)
        if name not in self._known:
            self._known[name] = self.labels.setdefault(result.label, len(self.labels))
        return self._known[name]


@dataclass(frozen=True, slots=True)
class Packer:
    """Makes blocks.

    Args:
        strings: contents of messages that stand in `meta`, by text.
        checks: their numbers.
        reasoning: whether what models thought goes with the replies.
    """

    strings: Mapping[str, int]
    checks: Checks
    reasoning: bool = True

    def block(self, records: Iterable[tuple[int, Record, Sequence[Any]]]) -> dict[str, object]:
        """Return the columns of a question's records, each given with its condition and its scores.

        Raises:
            UsageError: a key is none.
        """
        columns: dict[str, list[Any]] = {name: [] for name in (*_ALWAYS, *_SOMETIMES)}
        texts: dict[str, int] = {}
        lists = _Lists()
        keys = bytearray()
        for condition, record, scores in records:
            keys += _key(record)
            timing, usage, error = record.timing, record.usage, record.error
            row = {
                "condition": condition,
                "sample": record.sample,
                "status": STATUSES.index(record.status),
                "reply": record.reply,
                "messages": lists.of([self._said(message, texts) for message in record.messages]),
                "reasoning": record.reasoning if self.reasoning else None,
                "finish": record.finish_reason,
                "error": None if error is None else _error(error),
                "ttft": None if timing is None else timing.ttft_ms,
                "latency": None if timing is None else timing.latency_ms,
                "started": None if timing is None else timing.started_at or None,
                "prompt_tokens": None if usage is None else usage.prompt_tokens,
                "completion_tokens": None if usage is None else usage.completion_tokens,
                "attempts": record.attempts,
                "engine": record.engine,
                "returned": None if record.model_returned == record.model else record.model_returned,
                "checks": self._checked(record.checks),
                "scores": list(scores),
                "talk": self._talk(record),
            }
            for name, value in row.items():
                columns[name].append(value)
        kept = {
            name: values
            for name, values in columns.items()
            if name in _ALWAYS or any(value != _SOMETIMES[name] for value in values)
        }
        return {**kept, "keys": base64.b64encode(keys).decode(), "texts": list(texts), "lists": lists.held}

    def _said(self, message: Message, texts: dict[str, int]) -> tuple[str | int, ...]:
        shared = self.strings.get(message.content)
        place = ~texts.setdefault(message.content, len(texts)) if shared is None else shared
        return (message.role, place) if message.name is None else (message.role, place, message.name)

    def _checked(self, checks: Iterable[CheckResult]) -> list[tuple[object, ...]]:
        return [
            (self.checks.of(check), check.passed, *(() if check.reason is None else (check.reason,)))
            for check in checks
        ]

    def _talk(self, record: Record) -> dict[str, object] | None:
        if record.turns is None and record.probes is None:
            return None
        turns = record.turns or ()
        partners = [turn.partner.persona for turn in turns if turn.partner is not None]
        return {
            "turns": [{"user": turn.user, **self._answered(turn)} for turn in turns],
            "probes": [
                {"after": probe.after, "text": probe.text, **self._answered(probe)} for probe in record.probes or ()
            ],
            "partner": partners[0] if partners else None,
        }

    def _answered(self, part: TurnRecord | ProbeRecord) -> dict[str, object]:
        said = {"reply": part.reply, "status": STATUSES.index(part.status), "checks": self._checked(part.checks)}
        return said if part.error is None else {**said, "error": part.error.message}


class _Lists:
    """Lists of messages, each once."""

    def __init__(self) -> None:
        self.held: list[list[tuple[str | int, ...]]] = []
        self._places: dict[tuple[tuple[str | int, ...], ...], int] = {}

    def of(self, said: list[tuple[str | int, ...]]) -> int:
        place = self._places.setdefault(tuple(said), len(self.held))
        if place == len(self.held):
            self.held.append(said)
        return place


def _error(error: ErrorInfo) -> dict[str, object]:
    return {"kind": error.kind, "message": error.message, "http_status": error.http_status}


def _key(record: Record) -> bytes:
    try:
        key = bytes.fromhex(record.key)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise UsageError(
            f"the record of {record.persona}, {record.question} has the key {record.key[:40]!r}, which is none"
        )
    return key
