"""Prompts × tests → who is asked, and what: each prompt is rendered with each test, and taken apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from persona_batch.chat import JsonValue
from persona_batch.config.names import id_from_text
from persona_batch.config.problems import quote
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import FoundExample, FoundPersona, FoundQuestion, FoundSet
from persona_batch.exchange.sources.messages import Talk, read_message, take_apart
from persona_batch.exchange.sources.promptfoo.checks import check_of
from persona_batch.exchange.sources.promptfoo.conversing import (
    HISTORY,
    conversations,
    quotes_replies,
    said_before,
    turns_of,
)
from persona_batch.exchange.sources.promptfoo.filling import Values, fill, rendered
from persona_batch.exchange.sources.promptfoo.prompts import Prompt
from persona_batch.exchange.sources.promptfoo.tests import Test
from persona_batch.exchange.sources.rendering.bounded import NotFilled

_TOLD = 5  # reasons why something is left out


@dataclass(slots=True)
class Question:
    """What is asked, and what each test says of it besides."""

    text: str | None
    turns: list[str] | None
    checks: list[dict[str, JsonValue]]
    kept: list[dict[str, JsonValue]] = field(default_factory=list)

    @property
    def found(self) -> FoundQuestion:
        """The question; what several tests say of it stands in a list."""
        kept = [one for number, one in enumerate(self.kept) if one and one not in self.kept[:number]]
        imported: dict[str, JsonValue] | None = kept[0] if len(kept) == 1 else {"tests": [*kept]} if kept else None
        return FoundQuestion(text=self.text, turns=self.turns, checks=self.checks or None, imported=imported)


@dataclass(slots=True)
class Asked:
    """Who is asked, and what: the questions by what they say."""

    talk: Talk
    labels: list[str | None] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)


@dataclass(slots=True)
class _Asking:
    """What is asked so far, by whom; what was left out, and why."""

    environment: Mapping[str, str]
    source: Source
    notes: list[str]
    several: bool
    found: dict[tuple[object, ...], Asked] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    lost: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def all(self, prompt: Prompt, tests: Sequence[Test]) -> None:
        """Ask what a prompt and tests make together."""
        if HISTORY not in prompt.text or any(HISTORY in test.vars for test in tests):
            for test in tests:
                self.count += 1
                try:
                    talk = self._talk(prompt, test, [])
                except NotFilled as flaw:
                    self._lose(str(flaw))
                else:
                    self._add(talk, [test], [talk.asked[-1]], prompt)
            return
        for conversation in conversations(tests):
            self.count += len(conversation)
            self._converse(prompt, conversation)

    def _converse(self, prompt: Prompt, tests: Sequence[Test]) -> None:
        """Ask a conversation, each test of which is a turn: the prompt puts what was said before them into a chat."""
        best: list[str] = []
        first: Talk | None = None
        reason = f"`{HISTORY}` puts the model's replies into a text, and nobody knows them before"
        talks: list[Talk] = []
        for whole in (False, True):
            talks = []
            try:
                for test in tests:
                    talks.append(self._talk(prompt, test, said_before(talks, whole=whole)))
            except NotFilled as flaw:
                reason = str(flaw)
            if talks and len(turns := turns_of(talks)) > len(best):
                first, best = talks[0], turns
            if len(best) == len(tests):
                break
        if first is not None:
            self._add(first, tests[: len(best)], best, prompt)
        left = len(tests) - len(best)
        for test, talk in list(zip(tests, talks, strict=False))[len(best) :]:
            if not quotes_replies(talk):
                self._add(talk, [test], [talk.asked[-1]], prompt)
                left -= 1
        if left:
            self._lose(reason, left)

    def _talk(self, prompt: Prompt, test: Test, history: list[JsonValue]) -> Talk:
        """Return what is said when a prompt is filled in.

        Raises:
            NotFilled: it cannot be, or is nothing that can be asked.
        """
        values = Values({HISTORY: history, **test.vars}, self.environment, self.missing, self.objects)
        said = rendered(f"{test.prefix}{prompt.text}{test.suffix}", values, self.source)
        talk = Talk(None, None, [], [said], [], []) if isinstance(said, str) else _apart(said)
        if (flaw := _flaw_of(talk)) is not None:
            raise NotFilled(flaw)
        return talk

    def _lose(self, reason: str, count: int = 1) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + count

    def _add(self, talk: Talk, tests: Sequence[Test], turns: list[str], prompt: Prompt) -> None:
        """Add a question, or the turns of a conversation; the checks are those of the last."""
        who = self.found.setdefault(_who(talk), Asked(talk))
        who.labels.append(tests[0].description)
        checks: list[dict[str, JsonValue]] = []
        kept: list[dict[str, JsonValue]] = []
        for number, test in enumerate(tests, start=1):
            others = self._checked(test, checks if number == len(tests) else None)
            label = prompt.label if self.several else None
            said = {"prompt": label, "description": test.description, "vars": test.vars, **test.rest, "assert": others}
            kept.append({key: value for key, value in said.items() if value not in (None, [], {})})
        text, several = (turns[0], None) if len(turns) == 1 else (None, turns)
        question = who.questions.setdefault(repr((turns, checks)), Question(text, several, checks))
        question.kept += kept

    def _checked(self, test: Test, checks: list[dict[str, JsonValue]] | None) -> list[JsonValue]:
        """Add the checks of a test, where they can be asked; return the asserts that are kept."""
        kept: list[JsonValue] = []
        for asserted in test.asserts:
            check = check_of(_filled(asserted, test, self.environment))
            if check is None or checks is None:
                kept.append(asserted)
                kind = quote(str(asserted.get("type") if isinstance(asserted, dict) else asserted))
                note = f"no check of ours is the assert {kind}; it is kept under `imported`"
                if check is not None:
                    note = "asserts of a conversation's turns before the last are kept under `imported`"
                if note not in self.notes:
                    self.notes.append(note)
            elif check not in checks:
                checks.append(check)
        return kept


def asked_of(
    prompts: Sequence[Prompt],
    tests: Sequence[Test],
    environment: Mapping[str, str],
    source: Source,
    notes: list[str],
) -> list[Asked]:
    """Return what every prompt and test make together, by whom is asked.

    Raises:
        UsageError: they make nothing that can be asked.
    """
    asking = _Asking(environment, source, notes, several=len(prompts) > 1)
    for prompt in prompts:
        asking.all(prompt, [test for test in tests if _goes_with(test, prompt)])
    lost = [f"{count:,} of {asking.count:,}: {reason}" for reason, count in asking.lost.items()]
    told = "; ".join([*lost[:_TOLD], *([f"and {len(lost) - _TOLD} more reasons"] if len(lost) > _TOLD else [])])
    if not asking.found:
        raise source.wrong(f"no prompt can be asked with any test ({told or 'no test names any of the prompts'})")
    if lost:
        notes.append(f"left out of prompts × tests: {told}")
    if asking.missing - {HISTORY}:
        names = ", ".join(map(quote, sorted(asking.missing - {HISTORY})))
        notes.append(f"without a value, and empty as in promptfoo: {names}")
    if asking.objects:
        notes.append("a mapping is `[object Object]` in a text, as promptfoo has it; `| dump` would write it out")
    return list(asking.found.values())


def _goes_with(test: Test, prompt: Prompt) -> bool:
    return test.prompts is None or any(_chosen(name, test.prompts) for name in prompt.names)


def _chosen(name: str, wanted: Sequence[str]) -> bool:
    return any(name == one or (one.endswith(":*") and name.startswith(one[:-1])) for one in wanted)


def _apart(messages: Sequence[JsonValue]) -> Talk:
    """Return a chat by its parts.

    Raises:
        NotFilled: a message holds more than text.
    """
    read = [one for item in messages if (one := read_message(item)) is not None]
    if beside := list(dict.fromkeys(quote(kind) for one in read for kind in one.beside)):
        raise NotFilled(f"{', '.join(beside)} of a message cannot be asked")
    return take_apart(messages)


def _flaw_of(talk: Talk) -> str | None:
    """Say why a chat cannot be asked; None: it can."""
    if talk.rest:
        return talk.rest[0]
    if not talk.asked or not talk.asked[-1].strip():
        return "the user says nothing"
    return "the last message is the assistant's" if len(talk.replies) == len(talk.asked) else None


def _who(talk: Talk) -> tuple[object, ...]:
    before = tuple(zip(talk.asked[:-1], talk.replies, strict=False)) if talk.replies else ()
    return talk.system, talk.placement, before, tuple(turn.assistant for turn in talk.examples)


def _filled(asserted: JsonValue, test: Test, environment: Mapping[str, str]) -> JsonValue:
    """Return an assert with the variables in its value filled in."""
    if not isinstance(asserted, dict):
        return asserted
    value = asserted.get("value")
    values = Values(test.vars, environment, set(), set())
    try:
        if isinstance(value, str):
            return {**asserted, "value": fill(value, values)}
        if isinstance(value, list):
            items = [fill(item, values) if isinstance(item, str) else item for item in value]
            return {**asserted, "value": items}
    except NotFilled:
        return {**asserted, "type": "a template that is not known"}
    return asserted


def written(asked: Sequence[Asked], stem: str) -> tuple[list[FoundPersona], list[FoundSet]]:
    """Return the personas, and a set for all who are asked the same."""
    kinds: dict[frozenset[str], dict[str, Question]] = {}
    for one in asked:
        held = kinds.setdefault(frozenset(one.questions), one.questions)
        for key, question in one.questions.items():
            if held is not one.questions:
                held[key].kept += question.kept
    several = len(kinds) > 1
    names = {key: f"{stem}-{number}" if several else stem for number, key in enumerate(kinds, start=1)}
    sets = [FoundSet(stem=names[key], questions=[one.found for one in held.values()]) for key, held in kinds.items()]
    personas = [
        FoundPersona(
            id=_id_of(one, stem, len(asked)),
            system=one.talk.system,
            placement=one.talk.placement,
            examples=[*_examples(one.talk)] or None,
            sets=[names[frozenset(one.questions)]] if several else [],
        )
        for one in asked
    ]
    return personas, sets


def _examples(talk: Talk) -> Iterator[FoundExample]:
    yield from talk.examples
    for user, reply in zip(talk.asked[:-1], talk.replies, strict=False):
        yield FoundExample(user=user, assistant=reply)


def _id_of(one: Asked, stem: str, count: int) -> str | None:
    described = set(one.labels)
    if count == 1:
        return stem
    if len(described) == 1 and (label := next(iter(described))):
        return label
    return id_from_text(one.talk.system) if one.talk.system else "no-prompt"
