"""A question as it is asked: of one speaker, in one format, once or in a conversation.

Most questions have a single form, the plain one. Each form is asked of every arm, so speakers and formats are factors
that are interleaved like all others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from persona_batch.chat import JsonValue, Message
from persona_batch.config.batch import Probe, Question, Speaker
from persona_batch.plan.key import canonical_json, messages_json

JOINT = "\n\n"  # between a persona in the user message and the question behind it, and before a speaker's system text
FORMAT = "format"
TOLD = "speaker_as"
"""The names under which records keep, among their factors, a form's format and how its speaker was told."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way of asking a question.

    `text` is the first user message, `turns` are those after it. `…_json` are the canonical forms, made once for the
    keys of all its cells. `system` is what tells of the speaker in system text. `twin` marks a form that says what an
    earlier one of the run says already, or what a prompt and something else make in one message.
    """

    speaker: Speaker | None
    format: str | None
    text: str
    message: Message
    message_json: bytes
    turns: tuple[Message, ...]
    turns_json: bytes
    twin: str | None

    @property
    def system(self) -> str:
        """What tells of the speaker in system text; "": nothing."""
        return self.speaker.text if self.speaker is not None and self.speaker.told == "system" else ""

    @property
    def factors(self) -> dict[str, JsonValue]:
        """What records keep of it."""
        kept: dict[str, JsonValue] = {} if self.format is None else {FORMAT: self.format}
        return kept if self.speaker is None else {**kept, TOLD: self.speaker.told}

    @property
    def speaker_name(self) -> str | None:
        """Who asks."""
        return None if self.speaker is None else self.speaker.name

    @property
    def prefix(self) -> str:
        """What tells of the speaker before each of the user's messages; "": nothing."""
        return _prefix(self.speaker)

    def probes(self, probes: tuple[Probe, ...]) -> tuple[Probe, ...]:
        """Return probes as this speaker asks them."""
        return tuple(replace(probe, text=self.prefix + probe.text) for probe in probes) if self.prefix else probes

    def joined_to(self, prompt: str) -> Message:
        """Return the first message with a prompt in front of it."""
        return Message("user", f"{prompt}{JOINT}{self.text}", self.message.name)

    def opening(self, opening: Sequence[Message]) -> tuple[Message, ...]:
        """Return what stands before the question, with the speaker told in it."""
        if not self.system:
            return tuple(opening)
        if opening and opening[0].role in ("system", "developer"):
            first, *rest = opening
            told = JOINT.join(part for part in (first.content, self.system) if part)
            return (Message(first.role, told), *rest)
        return (Message("system", self.system), *opening)


class Forms:
    """Makes the forms of the questions of a run, in the order of the files, and knows which say what others said.

    Args:
        prompts: those that are written into user messages.
        questions: all of the run, which are looked at where there are such prompts.
        formats: the names of the run's formats; none: questions are asked as they are.
    """

    def __init__(self, prompts: Iterable[str], questions: Iterable[Question], formats: Sequence[str]) -> None:
        self._prompts = frozenset(prompts)
        self._formats: Sequence[str | None] = formats or (None,)
        self._texts = (
            frozenset(
                text
                for question in questions
                for speaker in question.speakers
                for name in self._formats
                for text in _texts(question, speaker, name)[:1]
            )
            if self._prompts
            else frozenset()
        )
        self._said: set[bytes] = set()

    def of(self, question: Question) -> tuple[Form, ...]:
        """Return the forms of a question: every speaker in every format."""
        return tuple(self._form(question, speaker, name) for speaker in question.speakers for name in self._formats)

    def _form(self, question: Question, speaker: Speaker | None, name: str | None) -> Form:
        named = speaker.name if speaker is not None and speaker.told == "name" else None
        texts = _texts(question, speaker, name)
        first, *rest = (Message("user", text, named) for text in texts)
        form = Form(speaker, name, texts[0], first, messages_json((first,)), tuple(rest), messages_json(rest), None)
        said = b"%b|%b|%b" % (form.message_json, form.turns_json, form.system.encode())
        twins = (
            [question.id, name or "", form.speaker_name or ""] if said in self._said or self._joins(texts[0]) else []
        )
        self._said.add(said)
        if form.system:  # a persona may end in the very words that tell of a speaker
            twins.append(form.system)
        return replace(form, twin="/".join(twins).rstrip("/")) if twins else form

    def _joins(self, text: str) -> bool:
        if not self._prompts:
            return False
        parts = text.split(JOINT)
        return any(
            JOINT.join(parts[:cut]) in self._prompts and JOINT.join(parts[cut:]) in self._texts
            for cut in range(1, len(parts))
        )


def _texts(question: Question, speaker: Speaker | None, name: str | None) -> list[str]:
    """Return the user's messages."""
    plain = [turn.text for turn in question.turns] or [question.text]
    texts = plain if name is None else list(question.formatted[name])
    return [_prefix(speaker) + text for text in texts]


def _prefix(speaker: Speaker | None) -> str:
    return speaker.text if speaker is not None and speaker.told == "prefix" else ""


def probes_json(probes: Sequence[Probe]) -> bytes:
    """Return probes as the key has them; what is checked of their replies is no part of it. Empty: there are none."""
    if not probes:
        return b""
    return canonical_json([{"after": list(probe.after), "text": probe.text} for probe in probes])
