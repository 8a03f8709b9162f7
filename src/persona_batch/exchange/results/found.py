"""What another tool's results hold, in our terms: the formats yield it, `imported` makes a run of it.

Replies are carried as they are. What a source does not say stays None; what cannot be carried over is counted in
`Notes` and said: nothing is dropped silently.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from persona_batch.chat import Message, Params, Usage
from persona_batch.credentials import mask
from persona_batch.record import CheckResult, ErrorInfo, Status, Timing

_LARGEST = 1e300  # of numbers
_LONGEST_REASON = 2_000  # characters
_ONE_OR_SEVERAL = re.compile(r"\{([a-z ]+)\|([a-z ]+)\}")
PARAMS = frozenset(
    {
        *("temperature", "top_p", "top_k", "min_p", "seed", "stop", "max_tokens", "max_completion_tokens"),
        *("presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias"),
        *("reasoning_effort", "response_format", "enable_thinking", "verbosity"),
    }
)
"""Request parameters that are taken over from other tools' settings; whatever else stands there may be a key."""


class Exchanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An earlier turn of a conversation: what the user said, and what the model answered then."""

    user: str
    reply: str


class FoundReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reply of a source.

    `place` says where it stands (`out.json: result 3`). `opening` is what stood before the user's first message,
    examples included; `earlier` are turns that were really played; `text` is the user's last message as it was sent.
    `label` is what the source calls the condition; `named`: the label tells conditions apart even where they sent the
    same; `template`: what tells a prompt that has no label from others, before anything was filled in. `known`: the
    source says what stood in the opening (else there may have been a prompt that nobody wrote down).
    `identity` is the question's id by the source, `fixed`: it is the user's word that it is one. `wording` is which of
    several ways of asking one question `text` is, `asked` then what those have in common.
    `origin` is the tool's own mark of this very reply, of which there is one. `sample` is the repeat's number as the
    source counts, `cached`: it came from the tool's cache.
    """

    place: str
    opening: list[Message] = []
    earlier: list[Exchanged] = []
    text: str
    label: str | None = None
    named: bool = False
    template: str | None = None
    known: bool = True
    identity: str | None = None
    fixed: bool = False
    wording: str | None = None
    asked: str | None = None
    model: str = ""
    model_returned: str | None = None
    params: Params = {}
    sample: int | None = None
    cached: bool = False
    reply: str = ""
    reasoning: str | None = None
    status: Status = "ok"
    finish_reason: str | None = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    request_id: str | None = None
    system_fingerprint: str | None = None
    origin: str | None = None
    checks: list[CheckResult] = []
    scores: dict[str, float] = {}

    @property
    def question(self) -> tuple[str, ...]:
        """What the user says, turn by turn."""
        return (*(turn.user for turn in self.earlier), self.text)

    @property
    def messages(self) -> list[Message]:
        """What was sent for the last turn."""
        history = [
            message
            for turn in self.earlier
            for message in (Message("user", turn.user), Message("assistant", turn.reply))
        ]
        return [*self.opening, *history, Message("user", self.text)]


class Notes:
    """Sentences about what was changed, assumed or left out; the same sentence is said once, with a count.

    One that begins with `{n}` is of so many things, and has `{row|rows}` where one and several differ.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, sentence: str, place: str = "") -> None:
        """Note something; `{n}` in the sentence stands for how often it was noted, `place` is an example."""
        self._counts[sentence] += 1
        if place:
            self._examples.setdefault(sentence, place)

    def told(self) -> list[str]:
        """Return the sentences."""
        return [
            _counted(sentence, count)
            + (f" (the first: {self._examples[sentence]})" if sentence in self._examples else "")
            for sentence, count in self._counts.items()
        ]


def _counted(sentence: str, count: int) -> str:
    if not sentence.startswith("{n}"):
        return sentence  # it may hold names of others
    said = _ONE_OR_SEVERAL.sub(lambda forms: forms[1 if count == 1 else 2], sentence)
    return said.replace("{n}", f"{count:,}", 1)


class Wanted(NamedTuple):
    """What a user says of an import: a table's columns by our names, and the file of an OpenAI batch's requests."""

    columns: Mapping[str, str] = {}
    requests: Path | None = None


class Format(NamedTuple):
    """A foreign format: `name` as a user calls it (`--format`); is a file of this name and beginning one, its replies.

    `matches` is given the file's ending and its first 64 KB, and must not raise. `read` raises UsageError with the
    place and the remedy where the source is broken. `folders`: which files below a folder are of it.
    """

    name: str
    tool: str
    matches: Callable[[str, bytes], bool]
    read: Callable[[Path, Wanted, Notes], Iterator[FoundReply]]
    folder: str | None = None


def status_of(reply: str, finish_reason: str | None) -> Status:
    """Return what became of a reply that came: as `batch run` would have said of it."""
    if finish_reason in ("length", "max_tokens", "model_length"):
        return "truncated"
    if finish_reason in ("content_filter", "refusal_filter"):
        return "filtered"
    return "ok" if reply else "empty"


def kept_params(said: Mapping[str, Any] | None) -> Params:
    """Return the request parameters among the settings of another tool, those that are sent."""
    return {name: value for name, value in sorted((said or {}).items()) if name in PARAMS and value is not None}


def said_messages(messages: Sequence[Mapping[str, Any]], notes: Notes, place: str) -> list[tuple[str, object]]:
    """Return who says what; names of speakers are left out, and that is noted."""
    if any(one.get("name") for one in messages):
        notes.add("{n} {chat|chats} with names in the messages: the names are left out", place)
    return [(str(one.get("role")), one.get("content")) for one in messages]


def split_chat(messages: Iterable[tuple[str, object]]) -> tuple[list[Message], str] | None:
    """Return what stood before the user's last message, and that message's text; None: there is more than text in it.

    A message's content may be a list of parts, as long as all are text.
    """
    found: list[Message] = []
    for role, content in messages:
        text = text_of(content)
        if role not in ("system", "developer", "user", "assistant") or text is None:
            return None
        found.append(Message(role, text))  # type: ignore[arg-type]  # one of the four, as just seen to
    while found and found[-1].role == "assistant":
        found.pop()
    if not found or found[-1].role != "user":
        return None
    return found[:-1], found[-1].content


def text_of(content: object) -> str | None:
    """Return the text of a message's content; None: it holds something else (an image, a call of a tool)."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence) or not content:
        return None
    texts = []
    for part in content:
        if not isinstance(part, Mapping) or not isinstance(part.get("text"), str):
            return None
        texts.append(part["text"])
    return "".join(texts)


def usage_of(prompt: object, completion: object, total: object = None) -> Usage | None:
    """Return token counts; what is no count above 0 is not known."""
    known = [count if isinstance(count, int) and count > 0 else None for count in (prompt, completion, total)]
    return Usage(known[0], known[1], known[2]) if any(known) else None


def tokens_of(said: Mapping[str, Any] | None) -> Usage | None:
    """Return token counts as Inspect and EvalScope write them."""
    counts = said or {}
    return usage_of(counts.get("input_tokens"), counts.get("output_tokens"), counts.get("total_tokens"))


def failure(reason: object, otherwise: str, http_status: int | None = None) -> ErrorInfo:
    """Return why a reply failed, without keys and not without end."""
    return ErrorInfo("error", mask(str(reason or otherwise)[:_LONGEST_REASON]), http_status)


def number_of(value: object) -> float | None:
    """Return a number that JSON gave; None: it is none, or true or false."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _LARGEST:
        return None
    return float(value)
