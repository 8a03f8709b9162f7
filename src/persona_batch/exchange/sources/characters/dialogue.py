"""Written dialogue and lists of messages → few-shot turns."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from persona_batch.exchange.sources.found import FoundExample
from persona_batch.wording import counted

_START = re.compile(r"<START>", re.IGNORECASE)
_USER, _CHAR = ("{{user}}", "<user>"), ("{{char}}", "<bot>", "<char>")


class Said(NamedTuple):
    """One message of a dialogue."""

    role: str
    text: str


class Dialogue(NamedTuple):
    """What a dialogue came to: `examples`; and whether all of it did."""

    examples: list[FoundExample]
    whole: bool


def read_dialogue(text: str, *, user: Sequence[str], char: Sequence[str], notes: list[str]) -> Dialogue:
    """Return the turns of example dialogue as cards have it.

    `<START>` begins a conversation, `{{user}}:` or a name a message, which goes on over the lines below. Messages of
    one side in a row are one message; a conversation may begin with the character's. White space around messages is
    no part of them.

    Args:
        text: as it stands in the source, macros not yet filled in.
        user: other names of the user.
        char: of the character.
        notes: get a sentence for what is no turn.
    """
    speaker = _speakers(user, char)
    examples: list[FoundExample] = []
    loose = unanswered = 0
    for block in _START.split(text):
        messages, before = _messages(block, speaker)
        if before and messages:  # a scene that is set before somebody speaks
            first, *others = messages
            messages = [Said(first.role, f"{before}\n{first.text}"), *others]
        loose += bool(before and not messages)
        turns, left = examples_of(messages)
        unanswered += left
        examples += turns
    if loose:
        notes.append(f"`mes_example`: {counted(loose, 'part')} in which nobody speaks; kept, not sent")
    if unanswered:
        notes.append(f"`mes_example`: {counted(unanswered, 'message')} of the user without an answer; kept, not sent")
    return Dialogue(examples, not loose and not unanswered)


def examples_of(messages: Iterable[Said]) -> tuple[list[FoundExample], int]:
    """Return messages as turns, several of one side in a row as one; and how many of the user have no answer."""
    examples: list[FoundExample] = []
    asked: list[str] = []
    answered: list[str] = []

    def close() -> None:
        if answered:
            examples.append(FoundExample(user="\n".join(asked) or None, assistant="\n".join(answered)))
            asked.clear()
            answered.clear()

    for role, text in messages:
        if not text.strip():
            continue
        if role == "user":
            close()
            asked.append(text)
        else:
            answered.append(text)
    close()
    return examples, len(asked)


def _speakers(user: Sequence[str], char: Sequence[str]) -> re.Pattern[str]:
    def either(fixed: Sequence[str], names: Sequence[str]) -> str:
        known = {name.strip() for name in names if name.strip()}
        return "|".join(map(re.escape, sorted({*fixed, *known}, key=lambda name: (-len(name), name))))

    mine, others = either(_CHAR, char), either(_USER, user)
    return re.compile(rf"[ \t]*(?:(?P<char>{mine})|(?P<user>{others}))[ \t]*[:：]", re.IGNORECASE)


def _messages(block: str, speaker: re.Pattern[str]) -> tuple[list[Said], str]:
    """Return the messages of a conversation, and what stands before them."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in block.split("\n"):
        if found := speaker.match(line):
            parts.append(("assistant" if found["char"] else "user", [line[found.end() :]]))
        else:
            parts[-1][1].append(line)
    said = [Said(role, "\n".join(lines).strip()) for role, lines in parts]
    return said[1:], said[0].text
