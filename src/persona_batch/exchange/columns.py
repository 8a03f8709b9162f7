"""The columns of the flat table of a run: their names, kinds and meaning, and how a value is had of a record."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.exchange.survey import MOST, CheckName, Kind, Survey, argument_of, as_json
from persona_batch.record import Record
from persona_batch.record.told import PersonaTold, QuestionTold

Value: TypeAlias = str | int | float | bool | None

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_LONGEST_NAME = 120  # characters
_LARGEST = 2**63 - 1  # what a database takes for an integer


@dataclass(frozen=True, slots=True)
class Entry:
    """A record beside what its run's files tell of it.

    `question_text`: as the question file has it; of a records file without a manifest, as it was sent. `system` is the
    prompt as it was sent: of the system or developer message, or what was put in front of the user's.
    """

    record: Record
    run: int
    persona: PersonaTold
    question: QuestionTold
    question_text: str | None

    @property
    def system(self) -> str | None:
        """The persona's prompt."""
        record = self.record
        if record.messages and record.messages[0].role in ("system", "developer"):
            return record.messages[0].content
        wordings = self.persona.variants
        return wordings[record.variant] if record.placement == "user" and record.variant < len(wordings) else None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `kind` is that of its values, each of which may be None; `about` says what it holds.

    `time` is a moment in UTC as ISO 8601 text, `json` a JSON document as text.
    """

    name: str
    kind: Kind
    about: str
    of: Callable[[Entry], Value] = field(repr=False, compare=False)


def columns_of(survey: Survey) -> tuple[Column, ...]:
    """Return the columns of records: those that all tables have, then those of factors, attributes and checks."""
    return tuple(_named([*COLUMNS, *_factors(survey), *_attributes(survey), *_checks(survey)]))


def _named(columns: Sequence[Column]) -> Iterator[Column]:
    """Yield the columns under names that a database and a spreadsheet take: one line, no two alike but for case."""
    taken: set[str] = set()
    for column in columns:
        plain = " ".join(_CONTROL.sub(" ", column.name).split())
        plain = plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 1]}…"
        number, name = 1, plain
        while name.casefold() in taken:
            number += 1
            name = f"{plain} #{number}"
        taken.add(name.casefold())
        yield Column(name, column.kind, column.about, column.of)


def _factors(survey: Survey) -> Iterator[Column]:
    if len(survey.factors) > MOST:
        yield Column("factors", "json", "the levels of all factors", lambda entry: _json(entry.record.factors))
        return
    for name, kind in survey.factors.items():
        about = f"the level of the factor {name}; none: the parameter was not sent"
        yield Column(f"factor:{name}", kind or "text", about, partial(_level, name, kind or "text"))


def _attributes(survey: Survey) -> Iterator[Column]:
    if len(survey.attributes) > MOST:
        yield Column("attributes", "json", "the persona's attributes", lambda entry: _json(entry.record.attributes))
        return
    for name in survey.attributes:
        yield Column(f"attribute:{name}", "text", f"the persona's {name}", partial(_attribute, name))


def _checks(survey: Survey) -> Iterator[Column]:
    checks = survey.checks
    if len(checks) > MOST:
        yield Column("checks", "json", "the outcomes of all checks", lambda entry: _json(entry.record.checks))
        return
    for check, label in checks.items():
        about = f"whether the reply passed {label}; of a conversation, whether all of its replies did"
        yield Column(f"check:{label}", "boolean", about, partial(_passed, check))


def _level(name: str, kind: Kind, entry: Entry) -> Value:
    level: JsonValue = entry.record.factors.get(name)
    if level is None:
        return None
    if kind == "json":
        return _json(level)
    if kind == "integer":
        return _whole(level)
    return float(level) if kind == "real" else level


def _attribute(name: str, entry: Entry) -> Value:
    return entry.record.attributes.get(name)


def _passed(check: CheckName, entry: Entry) -> Value:
    name, argument = check
    found = [
        result.passed
        for result in entry.record.results
        if result.check == name and (argument is None or argument_of(result) == argument)
    ]
    return all(found) if found else None


def _json(value: object) -> str:
    return as_json(value).decode()


def _whole(number: int | None) -> int | None:
    return None if number is None or abs(number) > _LARGEST else number


def _summed(name: str, entry: Entry) -> Value:
    """Return the tokens of all requests of a record; None: none was reported."""
    found = [count for usage in entry.record.usages if (count := getattr(usage, name)) is not None]
    return _whole(sum(found)) if found else None


def _listed(name: str, entry: Entry) -> Value:
    held = getattr(entry.record, name)
    return None if held is None else msgspec.json.encode(held).decode()


def _error(name: str, entry: Entry) -> Value:
    return None if entry.record.error is None else getattr(entry.record.error, name)


def _timing(name: str, entry: Entry) -> Value:
    return None if entry.record.timing is None else getattr(entry.record.timing, name)


def _column(name: str, kind: Kind, about: str, of: Callable[[Entry], Value] | None = None) -> Column:
    return Column(name, kind, about, of or (lambda entry: getattr(entry.record, name)))


COLUMNS: tuple[Column, ...] = (
    _column("run_id", "text", "the run's id"),
    _column("key", "text", "what was asked, as 32 hex digits"),
    _column("persona", "text", "the persona's or control's id"),
    _column("persona_name", "text", "its name, where the file gives it one", lambda entry: entry.persona.name),
    _column("variant", "integer", "which of its wordings, from 0", lambda entry: _whole(entry.record.variant)),
    _column("question", "text", "the question's id"),
    _column(
        "question_text",
        "text",
        "the question as its file has it; of a conversation, what the user says first",
        lambda entry: entry.question_text,
    ),
    _column("cluster", "text", "the cluster of paraphrases it belongs to", lambda entry: entry.question.cluster),
    _column("answer", "text", "the right answer, where it has one", lambda entry: entry.question.answer),
    _column("speaker", "text", "who the user was said to be"),
    _column("sample", "integer", "0, 1, … for repeats", lambda entry: _whole(entry.record.sample)),
    _column(
        "placement",
        "text",
        "where the prompt stood: system, developer, user or none",
        lambda entry: entry.record.placement if entry.persona.known else None,
    ),
    _column("provider", "text", "the preset's name, `custom` for a bare base URL"),
    _column("model", "text", "the model that was asked for"),
    _column("model_returned", "text", "the model that the endpoint says answered"),
    _column("params", "json", "the parameters sent", lambda entry: _json(entry.record.params)),
    _column("system", "text", "the persona's prompt as it was sent", lambda entry: entry.system),
    _column("messages", "json", "all messages as they were sent: role, content, name", partial(_listed, "messages")),
    _column("reply", "text", "the text of the answer; of a conversation, the last"),
    _column("reasoning", "text", "what the model thought first"),
    _column("status", "text", "ok, truncated, filtered, empty or error"),
    _column("finish_reason", "text", "as the endpoint gave it"),
    _column("error_kind", "text", "what kind of failure it was", partial(_error, "kind")),
    _column("error_message", "text", "the failure in words", partial(_error, "message")),
    _column("prompt_tokens", "integer", "of all its requests, as reported", partial(_summed, "prompt_tokens")),
    _column("completion_tokens", "integer", "the same of the replies", partial(_summed, "completion_tokens")),
    _column("total_tokens", "integer", "the same in all", partial(_summed, "total_tokens")),
    _column("ttft_ms", "real", "milliseconds to the first text", partial(_timing, "ttft_ms")),
    _column("latency_ms", "real", "milliseconds to the end of the reply", partial(_timing, "latency_ms")),
    _column("started_at", "time", "when the last attempt was sent", lambda entry: _timing("started_at", entry) or None),
    _column("attempts", "integer", "how often it was tried", lambda entry: _whole(entry.record.attempts)),
    _column("request_id", "text", "as the endpoint gave it"),
    _column("system_fingerprint", "text", "as the endpoint gave it"),
    _column("engine", "text", "batch: the reply came in a provider's batch file; none: it was streamed"),
    _column("turns", "json", "of a conversation, its turns", partial(_listed, "turns")),
    _column("probes", "json", "what it was asked beside it, and the replies", partial(_listed, "probes")),
)
