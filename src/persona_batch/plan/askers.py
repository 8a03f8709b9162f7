"""Who is asked what: every question once, beside it the arms that ask it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from persona_batch.chat import Message
from persona_batch.config.batch import Question
from persona_batch.errors import UsageError
from persona_batch.plan.arms import Arm
from persona_batch.plan.key import messages_json
from persona_batch.plan.messages import PERSONA_JOINT


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question with its arms; questions that are asked by the same arms share one list.

    `twin` marks a later question with the very text of an earlier one.
    """

    question: Question
    arms: Sequence[Arm]
    message: Message
    message_json: bytes
    twin: str | None

    def messages(self, arm: Arm) -> tuple[Message, ...]:
        """Return the messages of the cell in which `arm` asks this question."""
        if arm.joined is None:
            return (*arm.opening, self.message)
        return (*arm.opening, Message("user", f"{arm.joined}{PERSONA_JOINT}{self.question.text}"))

    def messages_json(self, arm: Arm) -> bytes:
        """Return the same as canonical JSON, without building it anew where that can be helped."""
        if arm.joined is not None:
            return messages_json(self.messages(arm))
        return b"%b,%b" % (arm.opening_json, self.message_json) if arm.opening_json else self.message_json


def ask_all(arms: Sequence[Arm], globs: Sequence[str]) -> list[AskedQuestion]:
    """Return the questions whose id matches one of `globs` (none: all), in the order of the files.

    Raises:
        UsageError: one question id stands for two different questions.
    """
    groups: dict[int, list[Arm]] = {}
    for arm in arms:
        groups.setdefault(id(arm.persona.questions), []).append(arm)
    members = list(groups.values())
    asked: dict[str, tuple[Question, list[int]]] = {}
    for number, group in enumerate(members):
        for question in group[0].persona.questions:
            if globs and not any(fnmatchcase(question.id, glob) for glob in globs):
                continue
            known, numbers = asked.setdefault(question.id, (question, []))
            if known != question:
                raise UsageError(
                    f"question '{question.id}' has two texts or settings: {known.text!r} and {question.text!r}; "
                    "give one of them another id"
                )
            numbers.append(number)
    shared: dict[tuple[int, ...], list[Arm]] = {}
    texts: set[bytes] = set()
    result = []
    for question, numbers in asked.values():
        combination = tuple(numbers)
        if combination not in shared:
            shared[combination] = [arm for number in numbers for arm in members[number]]
        message = Message("user", question.text)
        message_json = messages_json((message,))
        twin = question.id if message_json in texts else None
        texts.add(message_json)
        result.append(AskedQuestion(question, shared[combination], message, message_json, twin))
    return result
