"""Who is asked what: every question once, beside it the arms that ask it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from persona_batch.chat import Message, Params
from persona_batch.config.batch import Question
from persona_batch.errors import UsageError
from persona_batch.plan.arms import Arm, merged_params, namesakes
from persona_batch.plan.key import canonical_json, messages_json
from persona_batch.plan.messages import PERSONA_JOINT


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question with its arms; questions that are asked by the same arms share one list.

    `twin` marks a later question with the very text of an earlier one, or with the text that a prompt and another
    question make in one message; `twin_arms` names the arms that only the
    question's own params make send the same as an earlier one.
    """

    question: Question
    arms: Sequence[Arm]
    message: Message
    message_json: bytes
    twin: str | None
    twin_arms: frozenset[str] = frozenset()

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


def ask_all(arms: Sequence[Arm], cli_params: Params) -> list[AskedQuestion]:
    """Return the questions in the order of the files; `cli_params` are merged last of all params.

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
            known, numbers = asked.setdefault(question.id, (question, []))
            if known != question:
                raise UsageError(
                    f"question '{question.id}' has two texts or settings: {known.text!r} and {question.text!r}; "
                    "give one of them another id"
                )
            numbers.append(number)
    shared: dict[tuple[int, ...], list[Arm]] = {}
    texts: set[bytes] = set()
    prompts = {arm.joined for arm in arms if arm.joined is not None}
    plain_texts = {question.text for question, _ in asked.values()} if prompts else set()
    alike = namesakes(arms) if any(question.params for question, _ in asked.values()) else []
    result = []
    for question, numbers in asked.values():
        combination = tuple(numbers)
        if combination not in shared:
            shared[combination] = [arm for number in numbers for arm in members[number]]
        message = Message("user", question.text)
        message_json = messages_json((message,))
        twin = question.id if message_json in texts or _is_joined(question.text, prompts, plain_texts) else None
        texts.add(message_json)
        asking = {id(members[number][0].persona.questions) for number in numbers}
        twin_arms = _twin_arms(question, alike, asking, cli_params) if question.params else frozenset()
        result.append(AskedQuestion(question, shared[combination], message, message_json, twin, twin_arms))
    return result


def _is_joined(text: str, prompts: AbstractSet[str], questions: AbstractSet[str]) -> bool:
    if not prompts:
        return False
    parts = text.split(PERSONA_JOINT)
    return any(
        PERSONA_JOINT.join(parts[:cut]) in prompts and PERSONA_JOINT.join(parts[cut:]) in questions
        for cut in range(1, len(parts))
    )


def _twin_arms(
    question: Question, alike: Sequence[Sequence[Arm]], asking: set[int], cli_params: Params
) -> frozenset[str]:
    twins = set()
    for group in alike:
        sent: set[bytes] = set()
        for arm in group:
            if id(arm.persona.questions) in asking:
                params = canonical_json(merged_params(arm, question.params, cli_params))
                if params in sent:
                    twins.add(arm.name)
                sent.add(params)
    return frozenset(twins)
