"""Well-formed chat completions, deterministic from the messages."""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from servers.act import Act, Logged

_encode = msgspec.json.encode


def reply_to(messages: Any) -> str:
    """Return the reply that a healthy server gives: the same for the same messages."""
    digest = hashlib.blake2b(_encode(messages), digest_size=4).hexdigest()
    last = messages[-1].get("content", "") if messages else ""
    return f"[{digest}] 你说「{last}」。 You said so."


def pieces(text: str, count: int) -> list[str]:
    """Cut `text` into at most `count` non-empty pieces."""
    size = max(1, -(-len(text) // max(1, count)))
    return [text[i : i + size] for i in range(0, len(text), size)]


def usage_of(text: str) -> dict[str, int]:
    """Return a usage object: 7 prompt tokens and one completion token per 4 characters."""
    tokens = max(1, len(text) // 4)
    return {"prompt_tokens": 7, "completion_tokens": tokens, "total_tokens": 7 + tokens}


def whole(body: Any, act: Act) -> bytes:
    """Return one JSON chat completion."""
    text = reply_to(body.get("messages")) if act.reply is None else act.reply
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": act.finish_reason,
    }
    return _encode(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body.get("model"),
            "choices": [choice],
            **({} if act.usage == "never" else {"usage": usage_of(text)}),
        }
    )


def events(body: Any, act: Act) -> Iterator[bytes]:
    """Yield the SSE events of a streamed chat completion."""
    text = reply_to(body.get("messages")) if act.reply is None else act.reply
    asked = bool((body.get("stream_options") or {}).get("include_usage"))
    every = {"usage": usage_of(text)} if act.usage == "every" else {}

    def event(choices: list[Any], **more: Any) -> bytes:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": body.get("model"),
            "system_fingerprint": "fp_test",
            "choices": choices,
            **more,
        }
        return b"data: " + _encode(chunk) + b"\n\n"

    def choice(delta: dict[str, Any], finish: str | None = None) -> list[Any]:
        return [{"index": 0, "delta": delta, "finish_reason": finish}]

    yield event(choice({"role": "assistant", "content": ""}), **every)
    for piece in pieces(text, act.chunks):
        yield event(choice({"content": piece}), **every)
    if act.finish_reason is not None:
        yield event(choice({}, act.finish_reason), **every)
    if act.usage == "last" or (act.usage == "asked" and asked):
        yield event([], usage=usage_of(text))
    if act.done:
        yield b"data: [DONE]\n\n"


def answer(request: Logged, act: Act) -> tuple[str, list[bytes]]:
    """Return the content type and the pieces of the body that `act` asks for."""
    asked = request.body if isinstance(request.body, dict) else {}
    if act.body is not None:
        page = act.body.lstrip().startswith("<")
        return ("text/html" if page else "application/json"), [act.body.encode()]
    if act.pieces is not None:
        return "text/event-stream", [piece.encode("latin-1") for piece in act.pieces]
    if act.events is not None:
        return "text/event-stream", [event.encode() for event in act.events]
    if act.whole or not asked.get("stream"):
        return "application/json", [whole(asked, act)]
    return "text/event-stream; charset=utf-8", list(events(asked, act))
