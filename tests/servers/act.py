"""What a test tells the faulty endpoint to do, as plain data (also readable from a JSON file)."""

from typing import Any, Literal

import msgspec


class Act(msgspec.Struct, kw_only=True, frozen=True):
    """How one chat request is answered; the default is a complete, well-formed stream.

    What is sent: `raw` (instead of any HTTP at all) > `body` (any text, with `status` and `headers`) >
    `events` (pieces of the body, each its own write) or `pieces` (the same, bytes written as Latin-1) > a
    completion of `reply` in `chunks` deltas, as SSE,
    or as one JSON object with `whole` (or when the request does not ask to stream).

    What goes wrong: after that many bytes of the body the connection is closed (`cut_after`) or reset
    (`reset_after`), or nothing more comes until `release()` or the client leaves (`stall_after`).
    `silent`: not even the headers come. `stepped`: each piece waits for one `FaultyServer.step()`.
    """

    status: int = 200
    headers: dict[str, str] = {}
    raw: str | None = None
    body: str | None = None
    events: list[str] | None = None
    pieces: list[str] | None = None
    reply: str | None = None
    chunks: int = 5
    whole: bool = False
    usage: Literal["asked", "last", "every", "never"] = "asked"
    finish_reason: str | None = "stop"
    done: bool = True
    framing: Literal["chunked", "length", "close"] = "chunked"
    content_length: int | None = None  # claimed instead of the true one (implies framing by length)
    cut_after: int | None = None
    reset_after: int | None = None
    stall_after: int | None = None
    silent: bool = False
    stepped: bool = False
    latency: float = 0.0  # seconds before the headers
    pause: float = 0.0  # seconds between pieces


class Share(msgspec.Struct, frozen=True):
    """A share (0 to 1) of the requests that is answered by `act`, drawn with the script's seed."""

    share: float
    act: Act


class Script(msgspec.Struct, kw_only=True, frozen=True):
    """The life of a server.

    `acts` answer the first chat requests in turn; later ones go by their number of messages (`lengths`), by what their
    last message says (`saying`), are drawn from `shares`, or get `default`. With `api_key`, any other key is refused
    with 401. `models` is what /models lists; None: 404. `models_act` answers /models instead. `routes` answer others,
    by their path below the base URL (`/files`).
    """

    acts: list[Act] = []
    lengths: dict[int, Act] = {}
    saying: dict[str, Act] = {}
    shares: list[Share] = []
    default: Act = Act()
    seed: int = 0
    models: list[str] | None = msgspec.field(default_factory=lambda: ["test-model"])
    models_act: Act | None = None
    api_key: str | None = None
    routes: dict[str, Act] = {}


class Logged(msgspec.Struct):
    """One request as the server saw it; times are Unix seconds; `ended` is 0 while it is being answered."""

    at: float
    method: str
    path: str  # as it was asked for, query and all
    headers: dict[str, str]  # names in lower case
    body: Any  # decoded JSON, or the text
    status: int = 0
    ended: float = 0.0
    in_flight: int = 1  # chat requests being answered when this one came, itself included

    @property
    def route(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


def error_body(message: str, *, code: str | None = None, kind: str = "invalid_request_error") -> str:
    """Return an OpenAI-style error body."""
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": code}}).decode()
