"""Chat messages → what a persona says of itself before it is asked, and what is asked."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from persona_batch.chat import JsonValue, Placement
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import FoundExample, FoundPersona

ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "chatgpt": "assistant",
}


class Talk(NamedTuple):
    """A conversation, taken apart: system text and where it stands, turns before the last user message, and what is
    asked; `rest` is what could not be told (tools, pictures, a second system message).
    """

    system: str | None
    placement: Placement | None
    examples: list[FoundExample]
    asked: list[str]
    replies: list[str]
    rest: list[str]


def message_of(item: JsonValue) -> tuple[str, str] | None:
    """Return the role and text of a message in the form of OpenAI or ShareGPT; None: it is none."""
    if not isinstance(item, Mapping):
        return None
    role = item.get("role", item.get("from"))
    text = item.get("content", item.get("value"))
    if isinstance(text, Sequence) and not isinstance(text, str):
        parts = [part.get("text") if isinstance(part, Mapping) else None for part in text]
        known_parts = [part for part in parts if isinstance(part, str)]
        text = "".join(known_parts) if len(known_parts) == len(parts) else None
    known = ROLES.get(str(role).casefold())
    return (known, text) if known is not None and isinstance(text, str) else None


def take_apart(messages: Sequence[JsonValue]) -> Talk:
    """Return a conversation by its parts: the user's messages are asked, each `reply` is what stands after one."""
    system: str | None = None
    placement: Placement | None = None
    asked: list[str] = []
    replies: list[str] = []
    rest: list[str] = []
    greeting: list[FoundExample] = []
    for number, item in enumerate(messages, start=1):
        found = message_of(item)
        if found is None:
            rest.append(f"message {number} is no text of a known role")
            continue
        role, text = found
        if role in ("system", "developer"):
            if system is not None or asked or replies or greeting:
                rest.append(f"message {number}: a system message in the middle")
                continue
            system, placement = text, "developer" if role == "developer" else None
        elif role == "user":
            if len(asked) > len(replies):
                rest.append(f"message {number}: two messages of the user in a row")
                continue
            asked.append(text)
        elif len(asked) == len(replies) + 1:
            replies.append(text)
        elif not asked:
            greeting.append(FoundExample(assistant=text))
        else:
            rest.append(f"message {number}: two replies in a row")
    return Talk(system, placement, greeting, asked, replies, rest)


def persona_of_messages(
    name: str, messages: JsonValue, kept: Mapping[str, JsonValue], notes: list[str], source: Source
) -> FoundPersona:
    """Return the persona of messages that stand before a question.

    Raises:
        UsageError: they are no list.
    """
    if not isinstance(messages, list):
        raise source.wrong(f"{name}: `messages` is no list")
    talk = take_apart(messages)
    imported = dict(kept)
    placement, system = talk.placement, talk.system
    pairs = [FoundExample(user=user, assistant=reply) for user, reply in zip(talk.asked, talk.replies, strict=False)]
    if talk.rest or len(talk.asked) > len(talk.replies):
        if not talk.rest and system is None and len(talk.asked) == 1:
            placement, system = "user", talk.asked[0]
            notes.append(f"{name}: its message stands at the head of the question (`placement: user`)")
        else:
            imported["messages"] = messages
            notes.append(f"{name}: not all of its messages can stand before a question; they are kept under `imported`")
    return FoundPersona(
        id=name,
        system=system,
        placement=placement,
        examples=[*talk.examples, *pairs] or None,
        imported=imported or None,
    )
