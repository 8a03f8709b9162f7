"""Who is asked what: the arms, each a persona in one wording and one placement, and the questions with their arms.

Arms are the conditions that are compared. Every question stands once, beside it the arms that ask it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from persona_batch.chat import Message, Params, Placement
from persona_batch.config.batch import Batch, Persona, Question
from persona_batch.errors import UsageError
from persona_batch.plan.cell import Cell, Endpoint
from persona_batch.plan.key import canonical_json, cell_key, messages_json

PERSONA_JOINT = "\n\n"  # between a persona in the user message and the question behind it


@dataclass(frozen=True, slots=True)
class Arm:
    """One condition.

    `opening` stands before the question; `joined` is a prompt that is written into the question itself; `params`
    are merged but for the question's own; `twin` marks a later arm that sends the same as an earlier one. The
    `…_json` are the canonical forms, made once for the keys of all its cells.
    """

    persona: Persona
    variant: int
    placement: Placement
    opening: tuple[Message, ...]
    opening_json: bytes
    joined: str | None
    params: Params
    params_json: bytes
    twin: str | None

    @property
    def name(self) -> str:
        """What tells this arm from all others of the run."""
        return f"{self.persona.id}/{self.variant}/{self.placement}"


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

    def cell(self, arm: Arm, key: str, params: Params, endpoint: Endpoint, model: str, sample: int) -> Cell:
        """Return the cell in which `arm` asks this question; `key` and `params` are its own."""
        persona, question = arm.persona, self.question
        return Cell(
            key=key,
            persona=persona.id,
            variant=arm.variant,
            question=question.id,
            speaker=None if question.speaker is None else question.speaker.name,
            sample=sample,
            placement=arm.placement,
            endpoint=endpoint,
            model=model,
            params=params,
            messages=self.messages(arm),
            checks=persona.checks + question.checks,
            attributes=persona.attributes,
            answer=question.answer,
        )


def arms_of(
    batch: Batch,
    *,
    provider_params: Params,
    cli_params: Params,
    developer_role: Literal["developer", "system"] = "developer",
) -> list[Arm]:
    """Return the arms of all personas, controls first as they stand in the batch.

    Controls keep their own placement whatever placements the run asks for. An arm that would send the very same
    as an earlier one (an A/A comparison) gets a `twin` mark, so that it is asked for itself.
    """
    arms: list[Arm] = []
    sent: set[tuple[bytes, str | None, bytes]] = set()
    kept_params: dict[bytes, Params] = {}
    for persona in batch.personas:
        merged = {**provider_params, **persona.params, **cli_params}
        params_json = canonical_json(merged)
        params = kept_params.setdefault(params_json, merged)
        placements = (persona.placement,) if persona.control else batch.run.placements or (persona.placement,)
        for variant, text in enumerate(persona.variants):
            for asked in placements if text is not None else placements[:1]:  # nothing has one place only
                arm = _arm_of(persona, variant, asked, params, params_json, developer_role=developer_role)
                identity = (arm.opening_json, arm.joined, params_json)
                arms.append(replace(arm, twin=arm.name) if identity in sent else arm)
                sent.add(identity)
    return arms


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
    alike = _namesakes(arms) if any(question.params for question, _ in asked.values()) else []
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


def cell_of(
    persona: Persona,
    question: Question,
    *,
    endpoint: Endpoint,
    model: str,
    variant: int = 0,
    placement: Placement | None = None,
    provider_params: Params | None = None,
    cli_params: Params | None = None,
    developer_role: Literal["developer", "system"] = "developer",
    history: Sequence[Message] = (),
) -> Cell:
    """Return what one persona is asked outside any grid; its key is that of the same cell in a grid.

    Args:
        persona: who is asked.
        question: what is asked last.
        endpoint: where.
        model: its name there.
        variant: which of the persona's prompts.
        placement: where the prompt stands; None: where the persona says.
        provider_params: the first in the merge of request parameters.
        cli_params: the last in it.
        developer_role: what the endpoint calls the developer role.
        history: all messages so far, the prompt and the last reply among them; empty: this is the first turn.
    """
    cli_params = cli_params or {}
    params = {**(provider_params or {}), **persona.params, **cli_params}
    arm = _arm_of(
        persona, variant, placement or persona.placement, params, canonical_json(params), developer_role=developer_role
    )
    message = Message("user", question.text)
    asked = AskedQuestion(question, [arm], message, messages_json((message,)), None)
    messages = (*history, message) if history else asked.messages(arm)
    params = merged_params(arm, question.params, cli_params)
    key = cell_key(messages=messages, model=model, params=params, endpoint=endpoint.identity, sample=0)
    return replace(asked.cell(arm, key, params, endpoint, model, 0), messages=messages)


def select(personas: Sequence[Persona], globs: Sequence[str]) -> list[Persona]:
    """Return the personas whose id matches one of `globs`, with the controls they are compared with."""
    if not globs:
        return list(personas)
    chosen = [persona for persona in personas if any(fnmatchcase(persona.id, glob) for glob in globs)]
    wanted = {persona.id for persona in chosen}
    wanted.update(control for persona in chosen for control in persona.controls)
    return [persona for persona in personas if persona.id in wanted]


def merged_params(arm: Arm, question_params: Mapping[str, object], cli_params: Params) -> Params:
    """Return the params of one cell; `question_params` come before the command line's, after the arm's."""
    return {**arm.params, **question_params, **cli_params} if question_params else arm.params


def _arm_of(
    persona: Persona,
    variant: int,
    placement: Placement,
    params: Params,
    params_json: bytes,
    *,
    developer_role: Literal["developer", "system"] = "developer",
) -> Arm:
    """Return the arm of a persona's prompt in one place; `params` are merged already, `params_json` canonical."""
    text = persona.variants[variant]
    if text is None:
        placement = "none"
    opening: list[Message] = []
    if text is not None and placement in ("system", "developer"):
        opening.append(Message("system" if placement == "system" else developer_role, text))
    for number, example in enumerate(persona.examples):
        joins = number == 0 and text and placement == "user"
        opening.append(Message("user", f"{text}{PERSONA_JOINT}{example.user}" if joins else example.user))
        opening.append(Message("assistant", example.assistant))
    joined = text if text and placement == "user" and not persona.examples else None
    return Arm(persona, variant, placement, tuple(opening), messages_json(opening), joined, params, params_json, None)


def _namesakes(arms: Sequence[Arm]) -> list[list[Arm]]:
    """Return the groups of arms that send the same but for their params: a question's own may make them twins."""
    first: dict[tuple[bytes, str | None], Arm] = {}
    groups: dict[int, list[Arm]] = {}
    for arm in arms:
        if arm.twin is None and (alike := first.setdefault((arm.opening_json, arm.joined), arm)) is not arm:
            groups.setdefault(id(alike), [alike]).append(arm)
    return list(groups.values())


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
