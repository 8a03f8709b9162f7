"""Server-sent events, decoded without IO: bytes in, the payloads of whole events out.

Follows "Parsing an event stream" of the WHATWG HTML standard (section 9.2.6), for the parts a chat stream has:
`data` and `event`; `id` and `retry` are read over. Payloads stay bytes, so a character cut between two packets
needs no care. Two leniencies that real endpoints ask for: an event at the very end without its blank line
counts (`finish`), and a field named `error` is an event of that type (older llama.cpp servers).
"""

from typing import Self

_BOM = b"\xef\xbb\xbf"
MAX_EVENT = 16 * 1024 * 1024  # bytes; what is longer is no chat stream, and memory must stay bounded


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

    __slots__ = ("_after_cr", "_rest", "_started")

    def __init__(self) -> None:
        self._rest = b""
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
        if len(self._rest) > MAX_EVENT:
            raise EventTooLong(f"an event of more than {MAX_EVENT} bytes")
        payloads = []
        for event in events:
            if event.startswith(b"data: ") and b"\n" not in event:
                payloads.append(event[6:])
            else:
                payload = _parse(event)
                if payload is not None:
                    payloads.append(payload)
        return payloads

    def finish(self) -> list[bytes]:
        """Return the payload of an event that lacks only its closing blank line; call at the end of the stream."""
        rest, self._rest = self._rest, b""
        payload = _parse(rest.removesuffix(b"\n")) if rest else None
        return [] if payload is None else [payload]

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


def _parse(event: bytes) -> bytes | None:
    """Return the payload of the lines of one event, or None when it has no `data`."""
    lines: list[bytes] = []
    kind = b""
    for line in event.split(b"\n"):
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            kind = value
        elif field == b"error":
            lines.append(value)
            kind = field
    if not lines:
        return None
    data = b"\n".join(lines)
    return TypedPayload(data, kind.decode("utf-8", "replace")) if kind else data
