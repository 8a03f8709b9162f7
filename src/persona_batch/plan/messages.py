"""Persona × question → the messages of the first turn, exactly as they are sent."""

from collections.abc import Sequence
from typing import Literal

from persona_batch.chat import Message, Placement
from persona_batch.config.batch import Example, Persona, Question

PERSONA_JOINT = "\n\n"  # between a persona in the user message and the question behind it


def build_messages(
    persona: Persona,
    text: str | None,
    placement: Placement,
    question: Question,
    *,
    developer_role: Literal["developer", "system"] = "developer",
) -> tuple[Message, ...]:
    """Return the messages of one cell.

    Args:
        persona: gives the few-shot examples.
        text: the persona's prompt (one of its variants); None sends none, "" an empty system message.
        placement: where the prompt stands; `user` puts it in front of the first user message.
        question: the last user message.
        developer_role: what the endpoint calls the developer role.
    """
    opening = opening_messages(text, placement, persona.examples, developer_role=developer_role)
    asked = Message("user", question.text)
    if joins_user(text, placement) and not persona.examples:
        asked = Message("user", f"{text}{PERSONA_JOINT}{question.text}")
    return (*opening, asked)


def opening_messages(
    text: str | None,
    placement: Placement,
    examples: Sequence[Example],
    *,
    developer_role: Literal["developer", "system"] = "developer",
) -> tuple[Message, ...]:
    """Return what stands before the question: the persona's message and its example turns."""
    opening: list[Message] = []
    if text is not None and placement == "system":
        opening.append(Message("system", text))
    elif text is not None and placement == "developer":
        opening.append(Message(developer_role, text))
    for number, example in enumerate(examples):
        said = example.user
        if number == 0 and joins_user(text, placement):
            said = f"{text}{PERSONA_JOINT}{said}"
        opening.append(Message("user", said))
        opening.append(Message("assistant", example.assistant))
    return tuple(opening)


def joins_user(text: str | None, placement: Placement) -> bool:
    """Say whether the prompt is written into the first user message."""
    return bool(text) and placement == "user"
