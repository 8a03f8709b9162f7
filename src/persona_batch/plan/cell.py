"""One cell of the grid: everything that is asked in one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from persona_batch.chat import Message, Params, Placement
from persona_batch.checks import Check
from persona_batch.config.batch import Persona, Question
from persona_batch.plan.arms import AskedQuestion, arm_of, merged_params
from persona_batch.plan.key import canonical_json, cell_key, messages_json


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model lives. `identity` is the preset's name, or the base URL without credentials."""

    provider: str
    identity: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One request to make.

    `messages` are those of the first turn; `turns` the user messages that follow it (empty: single turn);
    `attributes` are the persona's grouping factors; `checks` those that hold for this persona and question.
    """

    key: str
    persona: str
    variant: int
    question: str
    speaker: str | None
    sample: int
    placement: Placement
    endpoint: Endpoint
    model: str
    params: Params
    messages: tuple[Message, ...]
    turns: tuple[Message, ...] = ()
    checks: tuple[Check, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    answer: str | None = None


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
    arm = arm_of(
        persona, variant, placement or persona.placement, params, canonical_json(params), developer_role=developer_role
    )
    message = Message("user", question.text)
    asked = AskedQuestion(question, [arm], message, messages_json((message,)), None)
    messages = (*history, message) if history else asked.messages(arm)
    params = merged_params(arm, question.params, cli_params)
    return Cell(
        key=cell_key(messages=messages, model=model, params=params, endpoint=endpoint.identity, sample=0),
        persona=persona.id,
        variant=variant,
        question=question.id,
        speaker=None if question.speaker is None else question.speaker.name,
        sample=0,
        placement=arm.placement,
        endpoint=endpoint,
        model=model,
        params=params,
        messages=messages,
        checks=persona.checks + question.checks,
        attributes=persona.attributes,
        answer=question.answer,
    )
