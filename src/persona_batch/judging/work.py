"""What there is to judge in a run: each reply by itself, or beside the control's, in both orders."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from persona_batch.chat import Message, Params
from persona_batch.config.rubrics import Rubric
from persona_batch.errors import UsageError
from persona_batch.plan.forms import JOINT
from persona_batch.record import Record
from persona_batch.record.judgment import Order, judgment_key, reply_hash, rubric_hash
from persona_batch.templating import TemplateFlaw

SYSTEM = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Task:
    """One request to a judge."""

    key: str
    record_key: str
    other_key: str | None
    other_persona: str | None
    order: Order | None
    sample: int
    reply_hash: str
    other_hash: str | None
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Bench:
    """A judge and a rubric; makes the tasks of records.

    Args:
        rubric: how the judge is asked.
        model, endpoint: who the judge is, and the endpoint's identity.
        samples: how often each is asked.
        questions: the manifest's questions by id: their wording and answer.
        prompts: the manifest's prompts by persona and variant, for those that stand in user messages.
        controls: each persona's controls, the reference first.
    """

    rubric: Rubric
    model: str
    endpoint: str
    samples: int = 1
    questions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prompts: Mapping[tuple[str, int], str] = field(default_factory=dict)
    controls: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def params(self) -> Params:
        """The judge's request parameters."""
        return self.rubric.params

    def tasks(self, records: Iterable[Record], others: Mapping[tuple[object, ...], Record]) -> Iterator[Task]:
        """Yield what is to be asked; `others` are the controls' replies by `place`, for a pairwise rubric.

        Raises:
            UsageError: the rubric cannot be filled in.
        """
        for record in records:
            if not record.usable or not record.reply:
                continue
            for sample in range(self.samples):
                if not self.rubric.pairwise:
                    yield self._task(record, None, None, sample)
                elif (other := self._other(record, others)) is not None:
                    yield self._task(record, other, "ab", sample)
                    yield self._task(record, other, "ba", sample)

    def reference_of(self, persona: str) -> str | None:
        """Return the control that a persona's replies are set beside; None: it has none, or is one."""
        return next(iter(self.controls.get(persona, ())), None)

    def _other(self, record: Record, others: Mapping[tuple[object, ...], Record]) -> Record | None:
        reference = self.reference_of(record.persona)
        return None if reference in (None, record.persona) else others.get((reference, *place(record)))

    def _task(self, record: Record, other: Record | None, order: Order | None, sample: int) -> Task:
        question = self.questions.get(record.question, {})
        values: dict[str, object] = {
            "question": self._asked(record, question),
            "persona": self._prompt(record),
            "answer": question.get("answer") or "",
        }
        if other is None:
            values["reply"] = record.reply
        else:
            first, second = (record, other) if order == "ab" else (other, record)
            values |= {"reply_a": first.reply, "reply_b": second.reply}
        try:
            messages = self.rubric.messages(values)
        except TemplateFlaw as flaw:
            raise UsageError(f"rubric {self.rubric.id}: {flaw} (record {record.key})") from flaw
        said = {
            "records": [record.key, None if other is None else other.key],
            "order": order,
            "messages": msgspec.to_builtins(messages),
            "rubric": rubric_hash(self.rubric),
            "judge": self.model,
            "endpoint": self.endpoint,
            "params": self.params,
            "sample": sample,
        }
        key, mine = judgment_key(said), reply_hash(record.reply)
        if other is None:
            return Task(key, record.key, None, None, None, sample, mine, None, messages)
        beside = other.key, other.persona, order
        return Task(key, record.key, *beside, sample, mine, reply_hash(other.reply), messages)

    def _asked(self, record: Record, question: Mapping[str, Any]) -> str:
        """Return the question that the reply answers: of a conversation the last message of the user."""
        if record.turns:
            return record.turns[record.played - 1].user
        if record.placement == "user" and isinstance(text := question.get("text"), str):
            return text
        return record.messages[-1].content if record.messages else ""

    def _prompt(self, record: Record) -> str:
        told = next((message.content for message in record.opening if message.role in SYSTEM), None)
        if told is not None:
            return told
        known = self.prompts.get((record.persona, record.variant))
        first = next((message.content for message in record.messages if message.role == "user"), "")
        text = self.questions.get(record.question, {}).get("text")
        if known is None and record.placement == "user" and isinstance(text, str) and first.endswith(JOINT + text):
            return first.removesuffix(JOINT + text)  # of a row of a table, whose prompts no manifest repeats
        return known or ""


def place(record: Record) -> tuple[object, ...]:
    """Return what two replies share that can be set beside each other."""
    factors = msgspec.json.encode(record.factors, order="sorted")
    return record.question, record.model, record.speaker, factors, record.sample
