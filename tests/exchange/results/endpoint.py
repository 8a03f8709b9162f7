"""An endpoint whose replies follow from the messages and from how often they were asked: the same to every tool.

The n-th request of the same messages has the n-th reply, so tools that ask the same questions as often get the same
replies, whatever else they send. Run it as a program to have other tools ask it: `python endpoint.py PORT`.
"""

import hashlib
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "mock-1"
_PLAIN = "the answer is a matter of taste and of time so one can say that it depends on what you like best"
_ROLES = {"pirate": "arr matey ship sea treasure rum sail gold captain wind", "monkey": "peach staff cloud"}


def reply_to(messages: list[dict[str, Any]], number: int) -> str:
    """Return the reply to the `number`-th request (from 0) of these messages."""
    told = _told(messages)
    system = next((text for role, text in told if role == "system"), "")
    chance = random.Random(hashlib.blake2b(json.dumps([told, number]).encode()).hexdigest())
    words = _PLAIN.split()
    for name, own in _ROLES.items():
        words += own.split() * 3 if name in system else []
    length = chance.randrange(5, 15) if "pirate" in system else chance.randrange(12, 30)
    return " ".join(chance.choice(words) for _ in range(length)).capitalize() + "."


def _told(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return who says what; a developer message is a system message under OpenAI's newer name for it."""
    return [("system" if one["role"] == "developer" else one["role"], one["content"]) for one in messages]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: Counter[str]
    lock: threading.Lock

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = json.dumps(_told(body["messages"]))
        with self.lock:
            number = self.asked[name]
            self.asked[name] += 1
        text = reply_to(body["messages"], number)
        identity = f"chatcmpl-{hashlib.blake2b(f'{name}{number}'.encode(), digest_size=8).hexdigest()}"
        usage = {"prompt_tokens": 20, "completion_tokens": len(text.split()), "total_tokens": 20 + len(text.split())}
        head = {"id": identity, "created": 1, "model": body.get("model") or MODEL}
        if body.get("stream"):
            pieces = [
                {**head, "object": "chat.completion.chunk", "choices": [choice], **more}
                for choice, more in (
                    ({"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}, {}),
                    ({"index": 0, "delta": {}, "finish_reason": "stop"}, {"usage": usage}),
                )
            ]
            lines = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces)
            self._send("text/event-stream", f"{lines}data: [DONE]\n\n")
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self._send(
            "application/json", json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _send(self, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def endpoint(port: int = 0) -> Iterator[str]:
    """Serve on this machine; yield the base URL."""

    handler = type("Handler", (_Handler,), {"asked": Counter[str](), "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with endpoint(int(sys.argv[1])) as url:
        print(url, flush=True)  # noqa: T201
        threading.Event().wait()
