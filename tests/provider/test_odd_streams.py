"""Streams that are not of the plain form: nothing of the reply is lost or doubled, however the bytes are cut."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.errors import MalformedReply, ProviderError, RateLimited, ServerFailed, StreamCut
from persona_batch.provider.contract import Chunk
from persona_batch.provider.reply_decoder import ReplyDecoder
from provider.asking import answer_to
from servers.act import Act

STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}}
DONE = "[DONE]"


def says(text: str, index: int | None = 0, *, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a chunk's JSON."""
    return {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish, **more}]}


def ends(index: int) -> dict[str, Any]:
    """Return the chunk that ends a choice."""
    return {"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}


def stream_of(*payloads: Any) -> bytes:
    """Return an event stream; texts stand as they are."""
    return "".join(f"data: {p if isinstance(p, str) else json.dumps(p)}\n\n" for p in payloads).encode()


def read(stream: bytes, cuts: list[int] | None = None) -> list[Chunk]:
    """Decode a stream that comes in parts."""
    decoder = ReplyDecoder()
    at = [0, *sorted(min(cut, len(stream)) for cut in cuts or []), len(stream)]
    chunks = [chunk for start, end in pairwise(at) for chunk in decoder.feed(stream[start:end])]
    return chunks + decoder.finish()


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.content for chunk in chunks)


BEGUN = (says("Moo, "), says("said the cow."))
WHOLE = "Moo, said the cow."
LATER = [  # whatever may come after the finish reason
    "null",
    "[]",
    "ping",
    ": a comment",
    '"done"',
    "{torn",
    "Internal Server Error",
    {"type": "ping"},
    {"choices": None},
    {"choices": [None]},
    {"cost": {"total": 0.002}},
    {"error": {"message": "overloaded", "code": 503}},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]},
]
EARLIER = ["null", "{}", "[]", "ping", "[PING]", ": text", "7", '""', {"type": "ping"}, {"status": "queued"}, {"x": 1}]
EARLIER += [
    {"message": "排队中，请稍候"},
    {"code": 0, "message": "success"},
    {"status": "loading", "message": "a model"},
]


@pytest.mark.parametrize("later", LATER, ids=repr)
@pytest.mark.parametrize("in_one_read", [True, False])
def test_nothing_that_follows_the_end_takes_anything_away(later: Any, in_one_read: bool) -> None:
    payloads = [*BEGUN, STOP, later, USAGE, DONE]
    events = [stream_of(payload).decode() for payload in payloads]
    answer = answer_to(Act(events=["".join(events)] if in_one_read else events))
    assert (answer.text, answer.finish_reason) == (WHOLE, "stop")
    assert [chunk.usage.total_tokens for chunk in answer.chunks if chunk.usage] == [13]


def test_an_error_event_after_the_end_takes_nothing_away_either() -> None:
    late = 'event: error\ndata: {"message": "idle"}\n\n'
    assert answer_to(Act(events=[stream_of(*BEGUN, STOP).decode() + late])).text == WHOLE


@pytest.mark.parametrize("alive", EARLIER, ids=repr)
def test_what_keeps_a_stream_alive_is_passed_over(alive: Any) -> None:
    answer = answer_to(Act(events=[stream_of(alive, says("Moo, "), alive, alive, *BEGUN[1:], STOP, DONE).decode()]))
    assert (answer.text, answer.finish_reason) == (WHOLE, "stop")


def test_a_stream_that_only_kept_alive_may_be_asked_for_again() -> None:
    with pytest.raises(StreamCut, match="before anything"):
        read(stream_of("null", ": x", {"type": "ping"}))
    with pytest.raises(MalformedReply, match="hello"):
        read(stream_of({"hello": "world"}, DONE))


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        ({"error": {"message": "rate limit", "code": 429}}, RateLimited),
        ({"error": "upstream went away"}, ServerFailed),
        ({"choices": [{"delta": {"content": ""}, "finish_reason": "error"}], "error": {"message": "x"}}, ServerFailed),
        ({"detail": "odd", "code": 500}, ServerFailed),
        ("upstream request timed out", ServerFailed),
        ("<html><title>502 Bad Gateway</title></html>", ServerFailed),
        ("{torn", StreamCut),
    ],
)
@pytest.mark.parametrize("more", [(), (STOP, DONE)], ids=["at the end", "in the midst"])
def test_an_error_before_the_end_is_an_error_of_its_kind(trouble: Any, kind: type[ProviderError], more: Any) -> None:
    with pytest.raises(kind):
        answer_to(Act(events=[stream_of(*BEGUN, trouble, *more).decode()]))


@pytest.mark.parametrize("stream", [stream_of({"message": "no"}), stream_of({"message": "no"}, DONE)])
def test_a_message_is_the_error_where_nothing_else_comes(stream: bytes) -> None:
    with pytest.raises(ServerFailed, match="no"):
        read(stream)


def test_an_object_without_anything_is_no_choice() -> None:
    assert text_of(read(stream_of({"choices": [{}, *BEGUN[0]["choices"]]}, BEGUN[1], STOP))) == WHOLE


def test_an_end_of_another_index_is_that_of_the_only_choice() -> None:
    assert text_of(read(stream_of(says("Moo, ", 1), says("said the cow.", 1), STOP, DONE))) == WHOLE


def test_a_control_character_in_a_text_is_one() -> None:
    said = stream_of(says("Moo,\tmoo", finish="stop")).replace(rb"\t", b"\t")
    assert text_of(read(said)) == "Moo,\tmoo"


def test_an_error_object_without_the_name_of_a_field_is_one() -> None:
    body = stream_of(*BEGUN).decode() + json.dumps({"error": {"message": "overloaded"}}, indent=2) + "\n\n"
    with pytest.raises(ServerFailed, match="overloaded"):
        answer_to(Act(events=[body]))


WORDS = ["Moo", ", ", "said", " the", " cow", "."]
COUNTED = {
    "from 0": [says(word, i) for i, word in enumerate(WORDS)] + [ends(len(WORDS))],
    "from 1, ended by a word": [
        says(word, i, finish=None if i < 6 else "eos_token") for i, word in enumerate(WORDS, 1)
    ],
    "from 40": [says(word, i) for i, word in enumerate(WORDS, 40)] + [ends(99)],
    "with gaps": [says(word, 3 * i) for i, word in enumerate(WORDS)] + [ends(70)],
    "ended at 0": [says(word, i) for i, word in enumerate(WORDS)] + [ends(0)],
    "long": [says(word, i) for i, word in enumerate(WORDS * 9)] + [ends(54)],
    "always 5": [says("", 0), *(says(word, 5) for word in WORDS), ends(5)],
    "none": [says(word, None) for word in WORDS] + [ends(0)],
}


@pytest.mark.parametrize("name", COUNTED)
@given(cuts=st.lists(st.integers(0, 900), max_size=5))
def test_an_index_that_counts_up_is_that_of_one_reply(name: str, cuts: list[int]) -> None:
    chunks = read(stream_of(*COUNTED[name], USAGE, DONE), cuts)
    assert text_of(chunks) == WHOLE * (9 if name == "long" else 1)
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["stop"]


def both(first: str, second: str) -> dict[str, Any]:
    return {"choices": [says(first, 0)["choices"][0], says(second, 1)["choices"][0]]}


SEVERAL = {
    "in turn": [says("Moo", 0), says("Baa", 1), says(".", 0), says("!", 1), ends(0), ends(1)],
    "one after the other": [says("Moo", 0), says(".", 0), ends(0), says("Baa", 1), says("!", 1), ends(1)],
    "ended together": [says("Moo", 0), says(".", 0), says("Baa", 1), says("!", 1), ends(0), ends(1)],
    "in one event": [both("Moo", "Baa"), both(".", "!"), ends(0), ends(1)],
    "three": [*(says(text, i) for text in ("Moo", ".") for i in range(3)), *(ends(i) for i in range(3))],
}


@pytest.mark.parametrize("name", SEVERAL)
@given(cuts=st.lists(st.integers(0, 900), max_size=5))
def test_the_texts_of_several_choices_are_never_mixed(name: str, cuts: list[int]) -> None:
    assert text_of(read(stream_of(*SEVERAL[name], USAGE, DONE), cuts)) == "Moo."


def test_a_kept_choice_without_an_end_is_no_whole_reply() -> None:
    with pytest.raises(MalformedReply, match="several choices"):
        read(stream_of(says("Moo", 0), says("Baa", 1), says("!", 1), ends(1), DONE))


def with_message(text: str, *, delta: Any = None, finish: str | None = "stop") -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"choices": [choice if delta is None else {**choice, "delta": delta}]}


@pytest.mark.parametrize(
    "payloads",
    [
        [*BEGUN, with_message(WHOLE, delta={})],
        [*BEGUN, with_message(WHOLE, delta={"role": "assistant", "content": ""})],
        [*BEGUN, with_message(WHOLE)],
        [*BEGUN, STOP, with_message(WHOLE, finish=None)],
        [with_message(WHOLE, delta={"role": "assistant"})],
        [with_message("Moo, ", finish=None), with_message("said the cow.")],
        [with_message("Moo, ", finish=None), with_message("said the cow.", finish=None), with_message(WHOLE)],
    ],
)
def test_a_message_counts_only_where_nothing_came_piece_by_piece(payloads: list[Any]) -> None:
    assert text_of(read(stream_of(*payloads, DONE))) == WHOLE


def test_a_last_delta_that_says_all_once_more_is_kept() -> None:
    assert text_of(read(stream_of(says("ha"), says("ha"), STOP))) == "haha"


def test_details_that_sum_the_reasoning_up_are_not_added() -> None:
    thinks = [{"choices": [{"delta": {"reasoning": piece}}]} for piece in ("A cow ", "says moo.")]
    summed_up = {"choices": [{"delta": {"reasoning_details": [{"text": "A cow says moo."}]}, "finish_reason": "stop"}]}
    chunks = read(stream_of(*thinks, says("Moo."), summed_up))
    assert "".join(chunk.reasoning for chunk in chunks) == "A cow says moo."


LINES = [json.dumps(payload) for payload in (*BEGUN, STOP, USAGE)]
BODIES = {
    "events without blank lines": "".join(f"data: {line}\n" for line in [*LINES, DONE]),
    "the same, ended by CR LF": "".join(f"data:{line}\r\n" for line in LINES),
    "two of them": f"data: {LINES[0]}\ndata: {LINES[1][:-3]}" + "}]}\n" + f"data: {LINES[2]}\n\n",
    "JSON a line": "\n".join(LINES) + "\n",
    "JSON a line, without the last end": "\n".join(LINES),
    "JSON a line, and an end mark": "\n".join([*LINES, DONE]),
    "JSON a line, blank ones between": "\r\n\r\n".join(LINES),
    "JSON over several lines": json.dumps(with_message(WHOLE), indent=2) + "\n",
    "one chunk": json.dumps(says(WHOLE, finish="stop")),
    "a text in JSON": json.dumps({"object": "text_completion", "choices": [{"index": 0, "text": WHOLE}]}),
    "JSON in one line": json.dumps(with_message(WHOLE)) + "\n",
}


@pytest.mark.parametrize("name", BODIES)
@given(cuts=st.lists(st.integers(0, 500), max_size=8))
def test_a_body_is_read_however_its_parts_are_divided(name: str, cuts: list[int]) -> None:
    assert text_of(read(BODIES[name].encode(), cuts)) == WHOLE


def test_lines_are_read_as_they_come() -> None:
    for line in ("data: {}\n", "{}\n"):
        decoder = ReplyDecoder()
        came = [len(decoder.feed(line.format(json.dumps(says("a"))).encode())) for _ in range(4)]
        assert sum(came) >= 3


def test_half_a_character_takes_nothing_of_what_follows() -> None:
    half = '{"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}'
    assert text_of(read(stream_of(half, says("b"), says("c", finish="stop")))) == "a\ufffdbc"
    assert text_of(read(stream_of(half, DONE))) == "a\ufffd"
    assert text_of(read(stream_of(half, STOP, USAGE))) == "a\ufffd"
    other = '{"choices":[{"index":0,"delta":{"content":"\\ude00b"}}]}'
    assert text_of(read(stream_of(half, USAGE, other, STOP))) == "a😀b"


def test_what_is_wrong_with_a_body_does_not_hang_on_where_it_was_cut() -> None:
    body = b'[][{"index"{"index c\r\ndata:{'
    told = set()
    for cut in range(len(body)):
        with pytest.raises(ProviderError) as caught:
            read(body, [cut])
        told.add(type(caught.value))
    assert len(told) == 1
