"""Chat messages → what a persona says of itself before it is asked, and what is asked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from persona_batch.chat import JsonValue, Placement
from persona_batch.config.problems import quote
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.found import FoundExample, FoundPersona

ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "chatgpt": "assistant",
    "claude": "assistant",
    "gemini": "assistant",
    "bing": "assistant",
    "bard": "assistant",
}
_TOOLS = ("tool", "function", "observation", "function_call", "tool_call", "tool_response", "ipython")
_ROLE_KEYS = ("role", "from", "author", "sender")
_TEXT_KEYS = ("content", "value", "text", "parts")
_TOOL_PARTS = ("tool_use", "tool_result", "tool_call", "functionCall", "functionResponse", "thinking")


class Message(NamedTuple):
    """A message as somebody's record has it. `role`: one of ours, `tool`, or None where it is none that is known.

    `text` are its texts, None where it has none; `beside` are the kinds of its other parts (`image_url`).
    """

    role: str | None
    text: str | None
    beside: Sequence[str] = ()


def read_message(item: JsonValue) -> Message | None:
    """Return a message in the form of OpenAI, Anthropic, Gemini, ShareGPT and the like; None: it is none."""
    if not isinstance(item, Mapping):
        return None
    said_by = next((item[key] for key in _ROLE_KEYS if key in item), None)
    if isinstance(said_by, Mapping):
        said_by = said_by.get("role")
    if not isinstance(said_by, str) or not any(key in item for key in (*_TEXT_KEYS, "tool_calls", "function_call")):
        return None
    text, beside = read_content(next((item[key] for key in _TEXT_KEYS if key in item), None))
    name = said_by.casefold()
    if name in _TOOLS or (not text and (item.get("tool_calls") or item.get("function_call"))):
        return Message("tool", text, beside)
    if text is None and beside and all(kind in _TOOL_PARTS for kind in beside):
        return Message("tool", None, beside)
    return Message(ROLES.get(name), text, beside)


def read_content(content: JsonValue) -> tuple[str | None, list[str]]:
    """Return the texts of a message's content, one behind the other, and the kinds of its other parts."""
    if isinstance(content, Mapping):
        content = content.get("parts", [content])
    if isinstance(content, str):
        return content, []
    if not isinstance(content, list):
        return None, []
    texts = [part if isinstance(part, str) else _text_of(part) for part in content]
    known = [text for text in texts if text is not None]
    beside = [_kind(part) for part, text in zip(content, texts, strict=True) if text is None]
    return "".join(known) if known else None, list(dict.fromkeys(beside))


def _text_of(part: JsonValue) -> str | None:
    text = part.get("text") if isinstance(part, Mapping) and not part.get("thought") else None
    return text if isinstance(text, str) else None


def _kind(part: JsonValue) -> str:
    """Return what a part is called that is no text."""
    if not isinstance(part, Mapping) or not part:
        return "part"
    return str(part.get("type") or part.get("content_type") or next(iter(part)))


IN_A_ROW = "several messages of the user in a row: each is a turn"
"""What `ask_again` says of messages that are sent all the same."""


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
    """Return the role and text of a message that is text alone, of somebody we know; None: it is none."""
    found = read_message(item)
    if found is None or found.role in (None, "tool") or found.text is None or found.beside:
        return None
    return str(found.role), found.text


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


def ask_again(messages: Sequence[JsonValue]) -> Talk:
    """Return a recorded conversation: what the user said in it is asked anew, turn by turn, whoever answered then.

    `rest` are kinds of things that are not sent.
    """
    system: str | None = None
    placement: Placement | None = None
    asked: list[str] = []
    replies: list[str] = []
    rest: dict[str, None] = {}
    greeting: list[FoundExample] = []
    before: str | None = None
    for role, text in _texts(messages, rest):
        if role in ("system", "developer"):
            if before is None:
                system, placement = text, "developer" if role == "developer" else None
            else:
                rest["a second system message, or one in the middle"] = None
        elif role == "user":
            if before == "user":
                rest[IN_A_ROW] = None
            asked.append(text)
        elif asked:
            replies.append(text)
        else:
            greeting.append(FoundExample(assistant=text))
        before = role
    return Talk(system, placement, greeting, asked, replies, list(rest))


def _texts(messages: Sequence[JsonValue], rest: dict[str, None]) -> Iterator[tuple[str, str]]:
    """Yield the role and text of each message that has both; `rest` gets what is passed over."""
    for item in messages:
        found = read_message(item)
        if found is None or found.role is None:
            rest["a message of nobody we know"] = None
        elif found.role == "tool":
            rest["what tools were asked and said"] = None
        else:
            if found.beside:
                rest[f"{', '.join(map(quote, found.beside))} of a message"] = None
            if found.text is not None and (found.text.strip() or found.role != "user"):
                yield found.role, found.text
            elif not found.beside:
                rest["a message without text"] = None


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
