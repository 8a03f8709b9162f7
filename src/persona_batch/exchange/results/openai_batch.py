"""The output file of an OpenAI batch, with the input file that it answers: output lines do not say what was asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from persona_batch.chat import Usage
from persona_batch.credentials import is_key_name
from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import (
    FoundReply,
    Notes,
    Wanted,
    failure,
    said_messages,
    split_chat,
    status_of,
)
from persona_batch.exchange.results.reading import decoded, lines, shown
from persona_batch.wording import counted

_NOT_ASKED = frozenset({"model", "messages", "stream", "stream_options", "user", "metadata", "store", "n"})
_LEFT = "{n} {request|requests} with more than text: left out"


class _Request(msgspec.Struct):
    custom_id: str
    url: str = ""
    body: dict[str, Any] = {}


class _Message(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Body(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] = []
    usage: Usage | None = None
    system_fingerprint: str | None = None
    error: dict[str, Any] | None = None


class _Response(msgspec.Struct):
    status_code: int | None = None
    body: _Body | None = None


class _Line(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: dict[str, Any] | None = None


def matches(suffix: str, head: bytes) -> bool:
    """Whether a file is the output of an OpenAI batch."""
    first = head.split(b"\n", 1)[0]
    return suffix in (".jsonl", ".ndjson") and b'"custom_id"' in first and b'"response"' in first


def read(path: Path, wanted: Wanted, notes: Notes) -> Iterator[FoundReply]:
    """Yield the replies of an output file.

    Raises:
        UsageError: it is broken, its requests are not named, or an id stands in a file twice.
    """
    name = shown(path)
    if wanted.requests is None:
        raise UsageError(
            f"{name}: an OpenAI batch's output has only `custom_id` and `response`, not what was asked; name the input "
            "file that was uploaded, too: --requests INPUT.jsonl"
        )
    asked, places = shown(wanted.requests), _places(wanted.requests)
    seen: dict[str, int] = {}
    with wanted.requests.open("rb") as file:
        for number, text in lines(path):
            place = f"{name}:{number}"
            line = decoded(text, _Line, place, what="a line of an OpenAI batch's output")
            if line.custom_id in seen:
                raise UsageError(
                    f"{place}: `{line.custom_id}` is answered on line {seen[line.custom_id]} already; a reply counts "
                    "once: take one of the two out"
                )
            seen[line.custom_id] = number
            if line.custom_id not in places:
                raise UsageError(f"{place}: {asked} has no `{line.custom_id}`; name the input of this very batch")
            at, row = places[line.custom_id]
            file.seek(at)
            request = decoded(file.readline(), _Request, f"{asked}:{row}", what="a request of an OpenAI batch")
            yield from _replies(line, request, row, place, notes)
    missing = len(places) - len(seen)
    if missing:
        notes.add(
            f"{counted(missing, 'request')} of {asked} without a reply in {name} (in the batch's error file?): left out"
        )


def _places(path: Path) -> dict[str, tuple[int, int]]:
    """Return by id where each request begins, and on which line."""
    found: dict[str, tuple[int, int]] = {}
    at = 0
    try:
        with path.open("rb") as file:
            head = 3 if file.read(3) == b"\xef\xbb\xbf" else 0
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read ({error.strerror})") from error
    with path.open("rb") as file:
        file.seek(head)
        for number, line in enumerate(iter(lambda: file.readline(1 << 25), b""), start=1):
            at = file.tell() - len(line)
            if line.isspace():
                continue
            request = decoded(line, _Request, f"{shown(path)}:{number}", what="a request of an OpenAI batch")
            if request.custom_id in found:
                raise UsageError(f"{shown(path)}:{number}: a second request `{request.custom_id}`; keep one")
            found[request.custom_id] = (at, number)
    return found


def _replies(line: _Line, request: _Request, row: int, place: str, notes: Notes) -> Iterator[FoundReply]:
    messages = request.body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise UsageError(f"{place}: `{request.url or 'its request'}` is no chat completion, the one kind that is read")
    split = split_chat(said_messages(messages, notes, place))
    if split is None:
        notes.add(_LEFT, place)
        return
    response = line.response or _Response()
    body = response.body or _Body()
    trouble = line.error or body.error
    failed = trouble is not None or not body.choices or (response.status_code or 200) >= 400
    choices = [_Choice(_Message())] if failed else body.choices
    for number, choice in enumerate(choices):
        text = choice.message.content or ""
        if choice.message.tool_calls:
            notes.add(_LEFT, place)
            continue
        reason = (trouble or {}).get("message")
        yield FoundReply(
            place=place,
            opening=split[0],
            text=split[1],
            model=str(request.body.get("model") or body.model or ""),
            model_returned=None if failed else body.model,
            params={
                name: value
                for name, value in sorted(request.body.items())
                if not (name in _NOT_ASKED or is_key_name(name))
            },
            sample=row * 1000 + number,
            reply="" if failed else text or choice.message.refusal or "",
            reasoning=choice.message.reasoning_content,
            status="error" if failed else status_of(text or choice.message.refusal or "", choice.finish_reason),
            finish_reason=choice.finish_reason,
            error=failure(reason, "no reply, and no reason", response.status_code) if failed else None,
            usage=body.usage if not failed and len(choices) == 1 else None,
            request_id=None if failed or body.id is None else body.id if number == 0 else f"{body.id}#{number}",
            system_fingerprint=None if failed else body.system_fingerprint,
        )
