"""The routes of the fake batch endpoint."""

import json
import re
import shutil
import socket
import sys
import tempfile
import time
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from servers import completion
from servers.act import Act, Logged, error_body
from servers.batch_account import ENDED, Account, Refused
from servers.batch_plan import Asked, Plan, Route, Trouble
from servers.batch_results import said

_PATH = re.compile(r"(?P<base>.*?)/(?P<what>files|batches|models|chat/completions|stored|_end|_state)(?P<rest>/.*)?")
_PIECE = 1 << 16


class Http(ThreadingHTTPServer):
    """Serves an account."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], served: Account) -> None:
        self.served = served
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were killed."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Http

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its parent's name
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self._take()

    do_POST = do_PUT = do_GET  # noqa: N815  # its parent's names

    def _take(self) -> None:
        served = self.server.served
        with tempfile.SpooledTemporaryFile(max_size=1 << 20) as arrived:
            self._arrived = arrived
            left = int(self.headers.get("content-length", 0))
            while left and (piece := self.rfile.read(min(left, _PIECE))):
                arrived.write(piece)
                left -= len(piece)
            if left:  # the client was killed in the middle
                self.close_connection = True
                return
            arrived.seek(0)
            with served.lock:
                self._respond(served)

    def _respond(self, served: Account) -> None:
        parts = urlsplit(self.path)
        found = _PATH.fullmatch(parts.path)
        what, rest = ("", "") if found is None else (found["what"], unquote((found["rest"] or "").strip("/")))
        self._base = f"http://{self.headers['host']}" + ("" if found is None else found["base"])
        route = _route(self.command, what, rest)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(time.time(), self.command, self.path, route or "", headers)
        served.state.asked.append(asked)
        try:
            _check_key(served.plan, what, headers)
            trouble = served.trouble(route) if route is not None else Trouble()
            if trouble.unmade:
                self.close_connection = True
                return
            if trouble.status is not None:
                asked.status = trouble.status
                self._send(trouble.status, trouble.body.encode() or error_body("trouble").encode(), trouble.headers)
                return
            answer = self._answer(served, what, rest, parse_qs(parts.query))
            served.save()
            if trouble.lost:
                self.close_connection = True
                return
            asked.status = 200
            if isinstance(answer, Path):
                self._send_file(answer, trouble.cut)
            elif answer is not None:
                self._send(200, msgspec.json.encode(answer), {})
        except Refused as error:
            asked.status = error.status
            self._send(error.status, error_body(str(error)).encode(), {})

    def _answer(self, served: Account, what: str, rest: str, query: dict[str, list[str]]) -> Any:
        """Do what is asked; return what is to be sent, a file's path, or None: it was sent already."""
        if what == "files":
            return self._file(served, rest)
        if what == "batches":
            return self._batch(served, rest, query)
        if what == "stored" and self.command == "PUT":
            return self._keep(served, rest, self._arrived)
        if what == "stored":
            return served.folder / rest
        if what == "chat/completions":
            return self._chat()
        if what == "_end":
            return served.end()
        if what == "_state":
            return served.state
        if what == "models":
            return {"object": "list", "data": [{"id": name, "object": "model"} for name in served.plan.models]}
        raise Refused(404, "no such route")

    def _file(self, served: Account, rest: str) -> Any:
        if self.command == "POST" and not rest:
            return self._upload(served)
        name, _, action = rest.partition("/")
        if name not in served.state.files:
            raise Refused(404, f"no such file: {name}")
        if action == "preprocess":
            served.state.files[name].whole = True
            return {"id": name}
        if action == "content" and served.plan.redirects:
            place = f"http://localhost:{urlsplit(self._base).port}/stored/{name}?signed=1"
            return self._send(302, b"", {"Location": place})
        if action == "content":
            return served.folder / name
        raise Refused(404, "no such route")

    def _batch(self, served: Account, rest: str, query: dict[str, list[str]]) -> Any:
        if not rest:
            return self._make(served) if self.command == "POST" else self._list(served, query)
        name, _, action = rest.partition("/")
        one = next((each for each in served.state.batches if each.id == name), None)
        if one is None:
            raise Refused(404, f"no such batch: {name}")
        if action == "cancel":
            if one.status in ENDED:
                raise Refused(409, f"the batch is {one.status}")
            one.status = "cancelling"
        else:
            served.look(one)
        return said(one, served.plan, served.fate(one))

    def _upload(self, served: Account) -> Any:
        kind = self.headers.get("content-type", "")
        if served.plan.dialect == "together":
            form = parse_qs(self._arrived.read().decode())
            if form.get("purpose") != ["batch-api"]:
                raise Refused(400, "the purpose must be batch-api")
            file = served.store(form["file_name"][0], "batch-api", whole=False)
            return self._send(
                302, b"", {"Location": f"{self._base}/stored/{file}?signed=1", "X-Together-File-Id": file}
            )
        head, content = _form(kind, self._arrived)
        if head.get("purpose") != "batch":
            raise Refused(400, "the purpose must be batch")
        file = served.store(head["filename"], "batch")
        with content:
            self._keep(served, file, content)
        found = {
            "id": file,
            "object": "file",
            "bytes": (served.folder / file).stat().st_size,
            "created_at": int(time.time()),
            "filename": head["filename"],
            "purpose": "batch",
            "status": "processed",
        }
        return {"code": 20000, "status": True, "data": found} if served.plan.dialect == "siliconflow" else found

    def _keep(self, served: Account, file: str, content: IO[bytes]) -> dict[str, str]:
        with (served.folder / file).open("wb") as kept:
            shutil.copyfileobj(content, kept, _PIECE)
        return {"id": file}

    def _make(self, served: Account) -> Any:
        one = served.make(json.loads(self._arrived.read()), self.headers.get("idempotency-key"))
        state = said(one, served.plan, served.fate(one))
        return {"job": state, "warning": ""} if served.plan.dialect == "together" else state

    def _list(self, served: Account, query: dict[str, list[str]]) -> Any:
        plan = served.plan
        if not plan.lists:
            raise Refused(404, "no such route")
        every = [said(one, plan, served.fate(one)) for one in reversed(served.state.batches)]
        if plan.dialect == "together":
            return every
        after = query.get("after", [None])[0]
        begin = next((number + 1 for number, one in enumerate(every) if one["id"] == after), 0)
        page = every[begin : begin + min(plan.page, int(query.get("limit", ["20"])[0]))]
        return {"object": "list", "data": page, "has_more": begin + len(page) < len(every)}

    def _chat(self) -> None:
        body = json.loads(self._arrived.read())
        kind, pieces = completion.answer(Logged(0.0, "POST", self.path, {}, body), Act())
        self._send(200, b"".join(pieces), {"Content-Type": kind})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "X-Request-Id": "req-1", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, path: Path, cut: int | None) -> None:
        size = path.stat().st_size
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size))
        self.end_headers()
        with path.open("rb") as file:
            if cut is None:
                shutil.copyfileobj(file, self.wfile, _PIECE)
                return
            self.wfile.write(file.read(cut))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)


def _check_key(plan: Plan, what: str, headers: dict[str, str]) -> None:
    """Refuse a wrong key; where files are put by a signed address, any key is too much."""
    given, wanted = headers.get("authorization"), plan.api_key
    if what == "stored" and given is not None:
        raise Refused(400, "no key belongs here")
    if wanted is not None and what != "stored" and given != f"Bearer {wanted}":
        raise Refused(401, "Incorrect API key provided")


def _route(method: str, what: str, rest: str) -> Route | None:
    if what == "chat/completions":
        return "chat"
    if what == "stored":
        return "download" if method == "GET" else None
    if what == "files":
        return "download" if rest.endswith("/content") else "upload" if method == "POST" and not rest else None
    if what != "batches":
        return None
    if not rest:
        return "create" if method == "POST" else "list"
    return "cancel" if rest.endswith("/cancel") else "state"


def _form(kind: str, arrived: IO[bytes]) -> tuple[dict[str, str], IO[bytes]]:
    """Return the fields of a form that ends with a file, with its name, and the file's content."""
    boundary = b"--" + kind.partition("boundary=")[2].strip('"').encode()
    fields: dict[str, str] = {}
    if arrived.readline().rstrip(b"\r\n") != boundary:
        raise Refused(400, "no form")
    while True:
        head = b""
        while (line := arrived.readline()).strip():
            head += line
        part = BytesParser(policy=HTTP).parsebytes(head + b"\r\n")
        name = part.get_param("name", header="content-disposition")
        filename = part.get_filename()
        if filename is not None:
            fields["filename"] = filename
            break
        value = b""
        while not (line := arrived.readline()).startswith(boundary):
            value += line
        fields[str(name)] = value.rstrip(b"\r\n").decode()
    content = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115  # the caller's
    before = b""
    while not (line := arrived.readline()).startswith(boundary):
        if not line:
            raise Refused(400, "the form breaks off")
        content.write(before)
        before = line
    content.write(before.removesuffix(b"\r\n"))
    content.seek(0)
    return fields, content
