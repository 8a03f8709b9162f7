"""The dialects of recorded conversations: a row of any of them → its chat messages.

Lists of messages (OpenAI, Anthropic, Gemini, ShareGPT, WildChat), of pairs (`{human, assistant}`), preference pairs
(`chosen`, `rejected`), Alpaca (`instruction`, `input`, `history`), transcripts in one text (`### Human:`), trees of
replies (OpenAssistant) and the exports of chat apps.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.rows import Row
from persona_batch.exchange.sources.columns import SYSTEMS, find
from persona_batch.exchange.sources.messages import read_content, read_message

_CHATS = ("messages", "conversations", "conversation", "chat_messages")
_KEYS = (*_CHATS, "contents", "turns", "input", "prompt", "dialogue", "dialog", "chosen", "conversation_a")
_HOLDERS = ("body", "params", "request")  # of requests in the batch files of providers
_BESIDE = (*SYSTEMS, "systeminstruction", "system_instruction")
_USER = ("human", "user", "input", "query", "question")
_ASSISTANT = ("assistant", "gpt", "bot", "output", "response", "answer")
_INPUTS = ("input", "context")
_REPLIES = ("output", "response", "completion", "target")
_ASKED = ("instruction", "query", "question", "prompt", "input")
_WRITTEN = ("text", "chosen", "prompt")
_END = "<|im_end|>"
_CHATML = re.compile(r"(?:<\|im_end\|>)?\n?<\|im_start\|>(?P<role>system|user|assistant)\n")
_TRANSCRIPTS = (
    re.compile(r"\n\n(?P<role>Human|Assistant): ?"),
    re.compile(r"\n?### (?P<role>Human|Assistant): ?"),
    _CHATML,
)
_LONGEST_CELL = 1 << 20  # characters of messages in a cell
_IN_TURN = ("data", "conversation", "conversations", "dialog", "dialogue")  # lists of texts: the user's, the reply, …
_MOST_LOOKED_AT = 8  # messages of a list, to see that it is one
_DEEPEST = 1000  # messages of a branch

LEFT = "left out: "
BELOW = f"{LEFT}messages below the first of a tree of replies"
BY_TURNS = "texts without a role: every other one, from the first, is the user's"
BRANCH = f"{LEFT}all but one branch of a tree of replies"


class Recorded(NamedTuple):
    """A row's conversation. `messages` are as the row has them, the system message that stands beside them in front;
    `kept` is what the row says besides, and `listed` says that the messages stand in it as a list of their own.

    `told`: what of the row is not sent. `chat`: it is talk, rather than an instruction.
    """

    messages: list[JsonValue]
    kept: Row
    told: tuple[str, ...] = ()
    listed: bool = True
    chat: bool = True


def recorded(row: Row) -> Recorded | None:
    """Return the conversation of a row; None: it has none. One without messages is an empty one."""
    for read in (_listed, _exported, _tree, _in_turn, _instruction, _transcript):
        if (found := read(row)) is not None:
            return found
    return None


def _holders(row: Row) -> Iterator[tuple[str, Row]]:
    yield "", row
    for name in _HOLDERS:
        if isinstance(held := row.get(name), dict):
            yield name, held


def _listed(row: Row) -> Recorded | None:
    """Return the messages that stand in a list."""
    empty = None
    for name, holder in _holders(row):
        for key in _KEYS:
            value = holder.get(key)
            if key in _CHATS and key in holder and value in (None, [], "", "[]"):
                empty = Recorded([], {other: item for other, item in row.items() if other != key})
            if name and isinstance(value, str):  # a request of OpenAI's responses
                value = [{"role": "user", "content": value}]
            messages = _messages(value)
            if messages is None:
                continue
            authored = isinstance(messages[0], dict) and isinstance(messages[0].get("author"), str)
            names = ("instructions",) if key == "input" else ("context",) if authored else ()
            beside, system = _system(holder, names)
            first = read_message(messages[0])
            has_own = first is not None and first.role in ("system", "developer")
            without = {key} if has_own or not system else {key, beside}
            rest: Row = {other: item for other, item in holder.items() if other not in without}
            kept = {**{other: item for other, item in row.items() if other != name}, name: rest} if name else rest
            if not system or (has_own and first is not None and first.text == system):
                return Recorded(messages, kept)
            if has_own:
                return Recorded(messages, kept, ("a system message beside the talk, which has one of its own",))
            return Recorded([{"role": "system", "content": system}, *messages], kept)
    return empty


def _messages(value: JsonValue) -> list[JsonValue] | None:
    """Return the messages of a list, also one that is written down as JSON text in a cell; None: it is no such list."""
    if isinstance(value, str) and value[:2] == "[{" and len(value) <= _LONGEST_CELL:
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return None
    if all(isinstance(item, dict) and not {"role", "from", "author", "sender"} & item.keys() for item in value):
        value = list(_pairs(value))
    looked_at = [read_message(item) for item in value[:_MOST_LOOKED_AT]]
    return value if any(found is not None and found.role is not None for found in looked_at) else None


def _pairs(items: list[Row]) -> Iterator[JsonValue]:
    """Yield the messages of `{human: …, assistant: …}`."""
    for item in items:
        for names, role in ((("system",), "system"), (_USER, "user"), (_ASSISTANT, "assistant")):
            text = next((item[name] for name in names if isinstance(item.get(name), str)), None)
            if text is not None:
                yield {"role": role, "content": text}


def _system(holder: Row, more: Sequence[str] = ()) -> tuple[str | None, str | None]:
    """Return the system message that stands beside what is asked, and its key: one of those known, or of `more`."""
    name = find(holder, (*_BESIDE, *more))
    return name, None if name is None else read_content(holder[name])[0]


def _exported(row: Row) -> Recorded | None:
    """Return the conversation of ChatGPT's export that the user last saw (`mapping`, `current_node`)."""
    nodes = row.get("mapping")
    if not isinstance(nodes, dict) or not nodes or not all(isinstance(node, dict) for node in nodes.values()):
        return None
    if not any("message" in node for node in nodes.values()):
        return None
    at, seen, messages = row.get("current_node") or next(reversed(nodes)), set[str](), list[JsonValue]()
    while isinstance(at, str) and at in nodes and at not in seen:
        seen.add(at)
        message = read_message(said) if isinstance(said := nodes[at].get("message"), dict) else None
        if message is not None and (message.text or message.beside):
            messages.append(said)
        at = nodes[at].get("parent")
    kept = {name: value for name, value in row.items() if name not in ("mapping", "current_node")}
    others = sum(1 for name, node in nodes.items() if name not in seen and node.get("message"))
    return Recorded(messages[::-1], kept, (BRANCH,) if others else ())


def _tree(row: Row) -> Recorded | None:
    """Return the first branch of a tree of OpenAssistant; of its messages row by row, those that begin a tree."""
    if isinstance(row.get("prompt"), dict) and "message_tree_id" in row:
        messages: list[JsonValue] = []
        node: JsonValue = row["prompt"]
        whole = True
        while isinstance(node, dict) and len(messages) < _DEEPEST:
            messages.append({"role": node.get("role"), "content": node.get("text")})
            replies = [reply for reply in _list(node.get("replies")) if isinstance(reply, dict)]
            whole = whole and len(replies) <= 1
            node = min(replies, key=_rank, default=None)
        return Recorded(messages, {name: row[name] for name in row if name != "prompt"}, () if whole else (BRANCH,))
    if not {"message_id", "parent_id", "role", "text"} <= row.keys():
        return None
    if row["parent_id"]:
        return Recorded([], row, (BELOW,))
    kept = {name: value for name, value in row.items() if name not in ("text", "role")}
    return Recorded([{"role": row["role"], "content": row["text"]}], kept, listed=False)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _rank(reply: Mapping[str, JsonValue]) -> float:
    rank = reply.get("rank")
    return float(rank) if isinstance(rank, int | float) else float("inf")


def _in_turn(row: Row) -> Recorded | None:
    """Return the talk of a list of texts, the user's and the replies by turns (UltraChat)."""
    for key in _IN_TURN:
        texts = row.get(key)
        if isinstance(texts, list) and len(texts) > 1 and all(isinstance(text, str) for text in texts):
            sides = ("user", "assistant")
            messages = [{"role": sides[place % 2], "content": text} for place, text in enumerate(texts)]
            return Recorded(messages, {name: value for name, value in row.items() if name != key}, (BY_TURNS,))
    return None


def _instruction(row: Row) -> Recorded | None:
    """Return the talk of an instruction: as training code joins it, what is to be worked on stands on the next line."""
    plain = {name.strip().casefold(): name for name in row}
    reply = next((plain[name] for name in _REPLIES if name in plain), None)
    past = row.get(plain["history"]) if "history" in plain else None
    pairs = _past(past)
    within = next((plain[name] for name in _INPUTS if name in plain and (name == "input" or reply)), None)
    if "instruction" in plain and (reply or within):
        asked = plain["instruction"]
    elif pairs is not None and "history" in plain and (found := next((x for x in _ASKED if x in plain), None)):
        asked, within = plain[found], None
    else:
        return None
    texts = [row.get(asked), *([row.get(within)] if within else [])]
    if not all(text is None or isinstance(text, str) for text in texts):
        return None
    beside, system = _system(row)
    messages: list[JsonValue] = [{"role": "system", "content": system}] if system else []
    for user, said in pairs or ():
        messages += [{"role": "user", "content": user}, {"role": "assistant", "content": said}]
    if question := "\n".join(text for text in texts if text):
        messages.append({"role": "user", "content": question})
    sent = {asked, within, beside if system else None}
    kept = {name: value for name, value in row.items() if name not in sent and value not in (None, "", [])}
    return Recorded(messages, kept, listed=False, chat=bool(pairs))


def _past(value: JsonValue) -> list[tuple[str, str]] | None:
    """Return the pairs of question and reply that went before; None: it is no such list."""
    if value in (None, "", "[]"):
        return []
    if not isinstance(value, list):
        return None
    pairs = [tuple(pair) for pair in value if isinstance(pair, list) and len(pair) == 2]
    fits = len(pairs) == len(value) and all(isinstance(text, str) for pair in pairs for text in pair)
    return [(str(user), str(said)) for user, said in pairs] if fits else None


def _transcript(row: Row) -> Recorded | None:
    """Return the talk that is written down in one text."""
    for key in _WRITTEN:
        text = row.get(key)
        mark = next((one for one in _TRANSCRIPTS if isinstance(text, str) and one.match(text)), None)
        if mark is not None and isinstance(text, str):
            kept = {name: value for name, value in row.items() if name != key}
            return Recorded(list(_parted(text, mark)), kept)
    return None


def _parted(text: str, mark: re.Pattern[str]) -> Iterator[JsonValue]:
    found = list(mark.finditer(text))
    for one, following in zip(found, [*found[1:], None], strict=True):
        said = text[one.end() : len(text) if following is None else following.start()]
        if following is None and mark is _CHATML and said.rstrip().endswith(_END):
            said = said.rstrip().removesuffix(_END)
        yield {"role": one["role"].casefold(), "content": said}
