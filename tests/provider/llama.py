"""What stands in for llama.cpp where a test needs an embedded model that answers at once, or never.

Written as `xllamacpp.py` into a folder that the server's process finds first. It serves on loopback; what it is told
by the last user message: `wait` keeps it from ever answering.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


def CommonParams() -> SimpleNamespace:  # noqa: N802  # as the package names it
    """Return an object that takes any setting."""
    return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace())


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name
        """Be quiet."""

    def do_GET(self) -> None:
        """List the model."""
        self._answer("application/json", {"data": [{"id": "tiny"}]})

    def do_POST(self) -> None:
        """Answer a chat."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["messages"][-1]["content"] == "wait":
            threading.Event().wait()
        message = {"role": "assistant", "content": "hello"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._answer("application/json", {"object": "chat.completion", "model": "tiny", "choices": [choice]})

    def _answer(self, kind: str, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server:
    """The server, listening as soon as it is made."""

    def __init__(self, params: SimpleNamespace) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{server.server_address[1]}"
