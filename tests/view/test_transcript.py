"""Transcripts: messages on coloured backgrounds between two rules, then the reply."""

import io
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from persona_batch.chat import Message
from persona_batch.record import CheckResult, ErrorInfo
from persona_batch.view.palette import BACKGROUNDS, Palette
from persona_batch.view.terminal import visible, wrap
from persona_batch.view.transcript import Page, StreamedReply, closing_line, messages_block, title_of, transcript
from view.records import make_cell, make_record

PLAIN = Page(Palette(False), None)
SGR = re.compile(r"\x1b\[[0-9;]*m")


def page(width: int) -> Page:
    """Return a coloured page."""
    return Page(Palette(True), width)


def test_a_plain_transcript_reads_as_messages_reply_and_closing_line() -> None:
    assert transcript(make_record(), PLAIN) == (
        "── wukong · view · qwen ────────────────────────────────────────────────\n"
        " system     你是孙悟空\n"
        " user       你对取经怎么看？\n"
        "────────────────────────────────────────────────────────────────────────\n"
        "俺老孙来也！\n"
        "first token 412 ms · whole reply 2.2 s · 22 prompt tokens · 180 reply tokens\n"
    )


def test_a_reply_from_a_batch_file_has_no_times_and_says_where_it_came_from() -> None:
    record = replace(make_record(), engine="batch", timing=None)
    assert transcript(record, PLAIN).endswith("\n22 prompt tokens · 180 reply tokens · in a batch file\n")


def test_each_message_has_the_next_of_six_backgrounds_and_then_round_again() -> None:
    messages = [Message("user", str(number)) for number in range(8)]
    lines = messages_block(messages, page(40)).splitlines()[1:-1]
    codes = [re.findall(r";(4\d)m", line) for line in lines]
    assert codes == [["41"], ["42"], ["43"], ["44"], ["45"], ["46"], ["41"], ["42"]]
    assert len(BACKGROUNDS) == 6


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@given(texts=st.lists(st.text(alphabet="ab 你好，e\u0301👍\n\t", max_size=200), min_size=1, max_size=4))
def test_every_line_of_the_messages_is_exactly_as_wide_as_the_terminal(width: int, texts: list[str]) -> None:
    block = messages_block([Message("user", text, "猪八戒") for text in texts], page(width), "标题 " * 9)
    assert {cell_len(SGR.sub("", line)) for line in block.splitlines()} == {width}


def test_a_speaker_is_named_beside_the_role() -> None:
    assert " user 猪八戒  我是谁？\n" in messages_block([Message("user", "我是谁？", "猪八戒")], PLAIN)


def test_the_lines_of_one_message_share_its_indent() -> None:
    assert " user       一\n            二\n" in messages_block([Message("user", "一\n二")], PLAIN)


def test_an_empty_system_message_is_seen() -> None:
    assert "\n system\n user       hi\n" in messages_block([Message("system", ""), Message("user", "hi")], PLAIN)


def test_nothing_untrusted_reaches_the_terminal_as_it_is() -> None:
    attack = "\x1b]0;owned\x07\x9b2J\u202e"
    record = make_record(
        make_cell(attack, attack, messages=(Message("user", attack, attack),)),
        attack,
        status="truncated",
        error=ErrorInfo("server", attack),
        checks=(CheckResult(attack, False, attack),),
        reasoning=attack,
    )
    shown = transcript(record, PLAIN, reasoning=True)
    assert shown == visible(shown)


def test_only_what_differs_from_the_default_is_in_the_title() -> None:
    assert title_of(make_cell()) == "wukong · view · qwen"
    assert title_of(make_cell(placement="user", sample=2)) == "wukong · placement user · view · qwen · sample 2"
    assert title_of(make_cell(), question=False) == "wukong · qwen"


def test_a_failed_record_says_why() -> None:
    record = make_record(status="error", error=ErrorInfo("rate_limited", "too fast", 429), usage=None, attempts=9)
    assert transcript(record, PLAIN).endswith(
        "error (rate_limited): too fast · first token 412 ms · whole reply 2.2 s · 9 attempts\n"
    )


@pytest.mark.parametrize("width", [20, 30, 60])
def test_a_closing_line_breaks_between_its_parts_where_the_terminal_ends(width: int) -> None:
    checks = (CheckResult("contains", False, "俺老孙"), CheckResult("regex", True, "x"))
    for record in (
        make_record(checks=checks),
        make_record(checks=checks, status="error", error=ErrorInfo("server", "down", 500)),
    ):
        lines = closing_line(record, Palette(False), width).split("\n")
        assert max(map(cell_len, lines)) <= width
        assert " · ".join(lines) == closing_line(record, Palette(False))


def test_checks_are_marked_and_failed_ones_say_what_was_expected() -> None:
    checks = (
        CheckResult("contains", True, "俺"),
        CheckResult("max_chars", False, 3),
        CheckResult("in_character", False, True),
    )
    assert closing_line(make_record(checks=checks), Palette(False)).endswith(
        "✓ contains · ✗ max_chars 3 · ✗ in_character"
    )


def test_reasoning_is_shown_only_when_asked_for() -> None:
    record = make_record(reasoning="hm, a monkey")
    assert "hm" not in transcript(record, PLAIN)
    assert "hm, a monkey\n\n俺老孙" in transcript(record, PLAIN, reasoning=True)


def on_terminal(written: str) -> list[str]:
    """Return the lines that a terminal shows of this; a backspace takes a cell back."""
    cells: list[list[str]] = [[]]
    for char in written:
        if char == "\n":
            cells.append([])
        elif char == "\b":
            cells[-1].pop()
        else:
            cells[-1].extend([char, *[""] * (cell_len(char) - 1)])
    return ["".join(line).rstrip() for line in cells]


REPLY = st.text(alphabet=st.sampled_from("ab cd你好，。“”（）\n"), max_size=120)


@given(REPLY, st.lists(st.integers(1, 9), min_size=1), st.integers(8, 60))
def test_a_streamed_reply_is_folded_as_the_whole_would_be_however_it_is_cut(
    text: str, sizes: list[int], width: int
) -> None:
    stream = io.StringIO()
    reply, place = StreamedReply(stream, width), 0
    for size in sizes:
        reply.feed(text[place : place + size])
        place += size
    reply.feed(text[place:])
    reply.close()
    whole = [line.rstrip() for line in wrap(text, width)]
    assert "\n".join(on_terminal(stream.getvalue())).rstrip() == "\n".join(whole).rstrip()


def test_a_word_near_the_end_of_a_line_waits_and_is_not_broken() -> None:
    stream = io.StringIO()
    reply = StreamedReply(stream, 40)
    for piece in ("all the king's horses and ", "all the ki", "ng's men", " could not"):
        reply.feed(piece)
        assert "\b" not in stream.getvalue()
    assert stream.getvalue() == "all the king's horses and all the king's\nmen could not"
    reply.close()
    assert stream.getvalue() == "all the king's horses and all the king's\nmen could not\n"


@given(st.text(alphabet="a你\r\n\x1b\x9b]0;[31m\u202e", max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_a_streamed_reply_is_shown_as_the_whole_would_be(text: str, cuts: list[int]) -> None:
    stream = io.StringIO()
    reply = StreamedReply(stream)
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    for start, end in pairwise(places):
        reply.feed(text[start:end])
    reply.close()
    whole = visible(text)
    assert stream.getvalue() == (whole if not whole or whole.endswith("\n") else f"{whole}\n")
