"""promptfoo's `_conversation`: what was said in the tests before, as far as their prompt is a chat with it.

Tests with one `metadata.conversationId` (or of one scenario, or outside of any) are one conversation, in their order.
Here they are the turns of one question, and the replies are those of the model that is run.
"""

from collections.abc import Sequence
from itertools import zip_longest

from persona_batch.chat import JsonValue
from persona_batch.exchange.sources.messages import Talk
from persona_batch.exchange.sources.promptfoo.tests import Test

HISTORY = "_conversation"
_SIGN = "\u2063reply\u2063"
MOST_TURNS = 100  # each is rendered with all before it


def conversations(tests: Sequence[Test]) -> list[list[Test]]:
    """Return the tests of each conversation."""
    found: dict[str, list[Test]] = {}
    for test in tests:
        found.setdefault(test.conversation, []).append(test)
    return [held[start : start + MOST_TURNS] for held in found.values() for start in range(0, len(held), MOST_TURNS)]


def said_before(talks: Sequence[Talk], *, whole: bool) -> list[JsonValue]:
    """Return what `_conversation` holds after some turns; a mark stands for each reply.

    `whole`: the `input` of a turn is all of its messages, as in older releases of promptfoo, not the user's last.
    """
    return [
        {"prompt": _messages(talk), "input": _messages(talk) if whole else talk.asked[-1], "output": _mark(number)}
        for number, talk in enumerate(talks)
    ]


def _messages(talk: Talk) -> list[JsonValue]:
    said: list[JsonValue] = [] if talk.system is None else [{"role": "system", "content": talk.system}]
    for user, reply in zip_longest(talk.asked, talk.replies):
        said.append({"role": "user", "content": user})
        said += [] if reply is None else [{"role": "assistant", "content": reply}]
    return said


def _mark(number: int) -> str:
    return f"{_SIGN}{number}{_SIGN}"


def quotes_replies(talk: Talk) -> bool:
    """Say whether a chat holds what the model said before."""
    return any(_SIGN in text for text in (talk.system or "", *talk.asked, *talk.replies))


def turns_of(talks: Sequence[Talk]) -> list[str]:
    """Return what the user says turn by turn, as far as each chat is the one before, its reply, and something more."""
    first = talks[0]
    turns = [first.asked[-1]]
    for number, talk in enumerate(talks[1:], start=1):
        marks = [_mark(place) for place in range(number)]
        same = talk.system == first.system and talk.placement == first.placement and talk.examples == first.examples
        asked = [*first.asked[:-1], *turns, talk.asked[-1]]
        if not same or talk.asked != asked or talk.replies != [*first.replies, *marks]:
            break
        turns.append(talk.asked[-1])
    return turns
