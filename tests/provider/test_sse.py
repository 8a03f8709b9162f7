"""The decoder against the WHATWG EventSource parsing cases (web-platform-tests, eventsource/format-*)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.provider.payloads import MAX_EVENT, EventTooLong, SSEDecoder, TypedPayload

LONG = b"x" * 2049
CASES = {
    "bom": (b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n", [b"1", b"3"]),
    "bom twice": (b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\ndata:3\n\n", [b"2", b"3"]),
    "comments": (
        b"data:1\r:\0\n:\r\ndata:2\n:" + LONG + b"\rdata:3\n:data:fail\r:" + LONG + b"\ndata:4\n\n",
        [b"1\n2\n3\n4"],
    ),
    "no final empty line": (b"retry:1000\ndata:test1\n\nid:test\ndata:test2", [b"test1"]),
    "data": (b"data:\n\ndata\ndata\n\ndata:test\n\n", [b"", b"\n", b"test"]),
    "event": (b"event:test\ndata:x\n\ndata:x\n\n", [b"x", b"x"]),
    "event empty": (b"event: \ndata:data\n\n", [b"data"]),
    "field parsing": (
        (
            b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n"
            b" data:32\ndata:4\n\n"
        ),
        [b"\0\n 2\n1\n3\n\n4"],
    ),
    "leading space": (b"data:\ttest\rdata: \ndata:test\n\n", [b"\ttest\n\ntest"]),
    "newlines": (b"data:test\r\ndata\ndata:test\r\n\r\n", [b"test\n\ntest"]),
    "null character": (b"data:\0\n\n\n\n", [b"\0"]),
    "unknown field": (
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
        [b"test\n\ntest"],
    ),
    "retry": (b"retry:1000\nretry:1000x\ndata:x\n\n", [b"x"]),
    "utf-8": ("data:ok…\n\n".encode(), ["ok…".encode()]),
    "standard's stock ticker": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO\n+2\n10"]),
    "standard's ids": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [b"first event", b"second event", b" third event"],
    ),
    "standard's empty ones": (b"data\n\ndata\ndata\n\ndata:", [b"", b"\n"]),
    "standard's spaces": (b"data:test\n\ndata: test\n\n", [b"test", b"test"]),
    "an event type without data is forgotten": (b"event: a\n\ndata: 1\n\n", [b"1"]),
    "only CR": (b"data: 1\r\rdata: 2\r\r", [b"1", b"2"]),
    "CR LF": (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
    "whole events of one line": (b"data: 1\n\ndata: 2\n\n", [b"1", b"2"]),
    "no blank lines": (b'data: {"a":1}\ndata: {"a":2}\ndata: [DONE]\n', [b'{"a":1}', b'{"a":2}', b"[DONE]"]),
    "no blank lines, CR LF": (b'data: {"a":1}\r\ndata: {"a":2}\r\n', [b'{"a":1}', b'{"a":2}']),
    "no blank lines, pings": (
        b'data: ping\ndata: {"a":1}\ndata: null\n: x\ndata: {"a":2}\n',
        [b"ping", b'{"a":1}', b"null", b'{"a":2}'],
    ),
    "no blank lines, empty ones": (
        b'data:\ndata: {"a":1}\ndata: \ndata: {"a":2}\ndata: []\ndata: {"a":3}\n\n',
        [b'\n{"a":1}\n', b'{"a":2}', b"[]", b'{"a":3}'],
    ),
    "a field's name in other letters": (b' data: {"a":1}\n\nData: {"a":2}\n\n', [b'{"a":1}', b'{"a":2}']),
    "no blank lines, ids": (b"id: 1\nevent: a\ndata: {}\nid: 2\nevent: b\ndata: {}\n", [b"{}", b"{}"]),
    "JSON over several lines": (b'data: {"a": {}\ndata: , "b":\ndata: {}\ndata: }\n\n', [b'{"a": {}\n, "b":\n{}\n}']),
    "JSON a line": (b'{"a":1}\n{"a":2}\n', [b'{"a":1}', b'{"a":2}']),
    "JSON with blank lines": (b'{"a":1}\n\n{"a":2}\n\n', [b'{"a":1}', b'{"a":2}']),
    "bare JSON over several lines": (b'data: 1\n\n{\n  "a": [\n  1\n]\n}\n\n', [b"1", b'{\n  "a": [\n  1\n]\n}']),
    "an id between": (b"data: 1\n\nid: 7\n\ndata: 2\n\n", [b"1", b"2"]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stream_gives_the_events_of_the_standard(name: str) -> None:
    stream, expected = CASES[name]
    assert SSEDecoder().feed(stream) == expected


@pytest.mark.parametrize("name", CASES)
def test_byte_by_byte_gives_the_same(name: str) -> None:
    stream, expected = CASES[name]
    decoder = SSEDecoder()
    assert [p for i in range(len(stream)) for p in decoder.feed(stream[i : i + 1])] == expected


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b'data: {"a":1}',
        b'{"a":2}',
        b"data: [DONE]",
        b"data",
        b"data: \xe4\xbd\xa0",
        b":c",
        b"event: error",
        b"id: 1",
        b"x",
        b"",
        b"",
        b"",
    ]
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(st.lists(st.tuples(LINES, ENDS)), st.booleans(), st.lists(st.integers(min_value=0, max_value=200), max_size=8))
def test_any_split_gives_the_same_events(lines: list[tuple[bytes, bytes]], bom: bool, cuts: list[int]) -> None:
    stream = b"\xef\xbb\xbf" * bom + b"".join(line + end for line, end in lines)
    whole, split = SSEDecoder(), SSEDecoder()
    at = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    expected = whole.feed(stream)
    got = [payload for i, j in pairwise(at) for payload in split.feed(stream[i:j])]
    assert got == expected
    assert [type(p) for p in got] == [type(p) for p in expected]
    assert split.finish() == whole.finish()


def test_the_event_type_is_kept() -> None:
    (payload,) = SSEDecoder().feed(b"event: error\ndata: {}\n\n")
    assert isinstance(payload, TypedPayload)
    assert payload.event == "error"


def test_an_error_field_counts_as_an_error_event() -> None:
    (payload,) = SSEDecoder().feed(b'error: {"code":500}\n\n')
    assert isinstance(payload, TypedPayload)
    assert (payload, payload.event) == (b'{"code":500}', "error")


def test_the_end_of_the_stream_completes_the_last_event() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: 1\n\ndata: [DONE]") == [b"1"]
    assert decoder.finish() == [b"[DONE]"]
    assert decoder.finish() == []


def test_an_event_without_end_does_not_fill_the_memory() -> None:
    decoder = SSEDecoder()
    for _ in range(MAX_EVENT // 2**20):
        decoder.feed(b"x" * 2**20)
    with pytest.raises(EventTooLong):
        decoder.feed(b"x")
