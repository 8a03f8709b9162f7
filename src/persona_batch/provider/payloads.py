"""The payloads of an event stream: cut from its bytes, and what one is that carries no chunk.

`SSEDecoder` works without IO and follows "Parsing an event stream" of the WHATWG HTML standard (section 9.2.6), for the
parts a chat stream has: `data` and `event`; `id` and `retry` are read over. Payloads stay bytes, so a character cut
between two packets needs no care. Leniencies that real endpoints ask for:

- an event at the very end without its blank line counts (`finish`);
- a field named `error` is an event of that type (older llama.cpp servers);
- a line that begins with `{` is data though it is not called so;
- before `{`, `data` may have blanks around it and capitals in it;
- where the blank lines between events are missing, an event ends where no JSON text could go on: the standard would
  join `{…}` and `{…}` to one payload. From the first such place on, every line of data is an event.
"""

import json
import re
from typing import Any, Final, Self

import msgspec

_BOM: Final = b"\xef\xbb\xbf"
MAX_EVENT: Final = 16 * 1024 * 1024  # bytes; what is longer is no chat stream, and memory must stay bounded
# What an object without choices says when work only goes on.
_ALIVE: Final = re.compile(
    r"ping|pong|keep.?alive|heart.?beat|progress|processing|queue|pending|waiting|started", re.IGNORECASE
)
_TROUBLE: Final = re.compile(
    r"error|exception|fail|refused|denied|forbidden|unauthori|invalid|unavailable|bad gateway|<html|overloaded|"
    r"time.?out|timed out|rate.?limit|too many|exceeded|quota|\bbusy\b|not found|unable|cannot|"
    r"错误|失败|异常|超时|超出|不足|繁忙|过多|频繁|拒绝|无效",
    re.IGNORECASE,
)


class EventTooLong(ValueError):
    """One event is longer than `MAX_EVENT`."""


class TypedPayload(bytes):
    """The payload of an event that carried an `event` field."""

    event: str

    def __new__(cls, data: bytes, event: str) -> Self:
        """Return `data` with its event type."""
        payload = super().__new__(cls, data)
        payload.event = event
        return payload


class SSEDecoder:
    """Incremental decoder of one stream."""

    __slots__ = ("_after_cr", "_by_line", "_rest", "_started")

    def __init__(self) -> None:
        self._rest = b""
        self._by_line = False
        self._after_cr = False
        self._started = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads of the events that `data` completes, in order.

        Raises:
            EventTooLong: what came is no event stream.
        """
        if self._rest or self._after_cr or not self._started or b"\r" in data:
            data = self._prepared(data)
        if data.startswith(b"data: ") and data.endswith(b"\n\n"):
            payloads = data[6:-2].split(b"\n\ndata: ")
            if data.count(b"\n") == 2 * len(payloads):  # whole events of one line each: nothing more to do
                self._rest = b""
                return payloads
        events = (self._rest + data).split(b"\n\n")
        self._rest = events.pop()
        payloads = []
        for event in events:
            if event.startswith(b"data: ") and b"\n" not in event:
                payloads.append(event[6:])
            else:
                payloads += self._parsed(event)
        if b"\n" in self._rest:
            payloads += self._parsed_lines()
        if len(self._rest) > MAX_EVENT and not payloads:
            raise EventTooLong(f"an event of more than {MAX_EVENT} bytes")
        return payloads

    def finish(self) -> list[bytes]:
        """Return the payload of an event that lacks only its closing blank line; call at the end of the stream."""
        rest, self._rest = self._rest, b""
        return self._parsed(rest.removesuffix(b"\n")) if rest else []

    def _parsed(self, event: bytes) -> list[bytes]:
        """Return the payloads of a whole event: one, none, or several without blank lines between them."""
        lines = _Lines(by_line=self._by_line)
        for line in event.split(b"\n"):
            lines.take(line)
        lines.end()
        self._by_line = lines.by_line
        return lines.payloads

    def _parsed_lines(self) -> list[bytes]:
        """Return the payloads of those whole lines of the rest that no later line can belong to."""
        lines = _Lines(by_line=self._by_line)
        begins = at = 0
        for line in self._rest.split(b"\n")[:-1]:
            lines.take(line)
            at += len(line) + 1
            if lines.by_line and not lines.pending:
                begins = at
        self._by_line = lines.by_line
        self._rest = self._rest[begins:]
        return lines.payloads

    def _prepared(self, data: bytes) -> bytes:
        """Return what is to be split: with the rest of the packet before, all line ends as LF, no BOM."""
        if self._after_cr or b"\r" in data:
            data = self._with_lf(data)
        data = self._rest + data
        self._rest = b""
        if not self._started:
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._rest = data
                return b""
            self._started = True
            data = data.removeprefix(_BOM)
        return data

    def _with_lf(self, data: bytes) -> bytes:
        """Return `data` with every line end as LF; the LF of a CR LF may come with the next packet."""
        if not data:
            return data
        if self._after_cr:
            data = data.removeprefix(b"\n")
            if not data:
                self._after_cr = False
                return data
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


class _Lines:
    """Lines of an event stream → payloads; `end` where an event is over, and wherever one must be."""

    def __init__(self, *, by_line: bool) -> None:
        self.by_line = by_line
        self.payloads: list[bytes] = []
        self._data: list[bytes] = []
        self._first = self._last = b""  # of the data, the lines that are not blank
        self._kind = b""
        self._next_kind = b""  # named after the data: of this event, or of the next where no blank line divides them
        self._bare = False  # JSON without a field's name, perhaps over several lines

    @property
    def pending(self) -> bool:
        """Whether an event has begun."""
        return bool(self._data or self._next_kind)

    def take(self, line: bytes) -> None:
        """Take a line that is not blank."""
        if line[:1] == b"{" or (self._bare and line[:1] in b' \t"}[],'):
            self._bare = True
            self._add(line)
            return
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if value[:1] == b"{" and field.strip().lower() == b"data":
            field = b"data"
        if field == b"data":
            self._add(value)
        elif field == b"event":
            self._next_kind = value
        elif field == b"error":
            self._next_kind = field
            self._add(value)

    def end(self) -> None:
        """Make what came a payload, if there is any data in it."""
        if self._data:
            data, kind = b"\n".join(self._data), self._next_kind or self._kind
            self.payloads.append(TypedPayload(data, kind.decode("utf-8", "replace")) if kind else data)
        self._data = []
        self._first = self._last = self._kind = self._next_kind = b""
        self._bare = False

    def _add(self, value: bytes) -> None:
        if self._data and _cannot_go_on(self._first, self._last, value):
            kind, bare = self._next_kind, self._bare
            self._next_kind = b""
            self.end()
            self._next_kind, self._bare, self.by_line = kind, bare, True
        if self._next_kind:
            self._kind, self._next_kind = self._next_kind, b""
        self._data.append(value)
        if line := value.strip():
            self._first, self._last = self._first or line, line
        if self.by_line:
            self.end()


def _cannot_go_on(first: bytes, last: bytes, value: bytes) -> bool:
    """Whether no JSON text begins and ends with these lines and then has this one: it is an event of its own."""
    begins = value.lstrip()[:1]
    if (first[:1], last[-1:]) in ((b"{", b"}"), (b"[", b"]")):
        return begins not in (b"", b",", b"}", b"]")
    return begins == b"{" and first[:1] not in (b"{", b"[", b"")


def lenient_json(payload: bytes) -> Any:
    """Decode JSON; what the standard forbids but some endpoints send (NaN, lone surrogates, tabs) is taken."""
    text = payload.decode("utf-8", "replace")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text, strict=False)


def tells_trouble(payload: bytes) -> bool:
    """Whether a payload that is no JSON object tells of a failure in words; `: …` is a comment."""
    text = payload.decode("utf-8", "replace").lstrip()
    return not text.startswith(":") and _TROUBLE.search(text) is not None


def keeps_alive(payload: bytes) -> bool:
    """Whether a payload that is no chunk says nothing but that the connection is used (`null`, `{}`, `ping`, `: …`)."""
    text = payload.strip(b'{}[]" \t\r\n')
    return (
        text[:1] in (b"", b":")
        or text in (b"null", b"true", b"false")
        or text.isdigit()
        or bool(_ALIVE.search(text.decode("utf-8", "replace")))
    )


def is_torn(payload: bytes) -> bool:
    """Whether a payload that is no JSON object looks like the half of one."""
    text = payload.strip()
    if text[:1] != b"{" and text[:2] not in (b"[{", b"[["):
        return False
    try:
        lenient_json(text)
    except (ValueError, RecursionError):
        return True
    return False


def tells_failure(body: dict[str, Any]) -> bool:
    """Whether an object without choices and without `error` tells of a failure, and not that work goes on."""
    code = body.get("code") or body.get("error_code") or body.get("status_code")
    if (
        body.get("error_msg")
        or body.get("errors")
        or body.get("detail")
        or (code and str(code).lower() not in ("200", "0", "ok", "success"))
    ):
        return True
    return _TROUBLE.search(str(body.get("message"))) is not None and not is_alive(body)


def is_alive(body: dict[str, Any]) -> bool:
    said = [body.get(name) for name in ("type", "event", "object", "status", "message")]
    return any(isinstance(word, str) and _ALIVE.search(word) for word in said)


def first_choice_has(payload: bytes, name: str) -> bool:
    """Whether the JSON's first choice has a `message` (it is a whole chat completion) or a `delta` (a chunk of one)."""
    try:
        return lenient_json(payload)["choices"][0][name] is not None
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
