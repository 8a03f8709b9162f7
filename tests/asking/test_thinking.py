"""Thoughts in a reply's text: what is measured is what follows them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.asking.thinking import ShownText, Split, Thinking, split_thought
from persona_batch.credentials import Redactor
from persona_batch.record.runlog import as_is


@pytest.mark.parametrize(
    ("text", "thought", "reply"),
    [
        ("<think>A cow?</think>Moo.", "A cow?", "Moo."),
        ("\n <think>\nA cow?\n</think>\n\n  Moo.\n", "A cow?", "Moo.\n"),
        ("<Think>A cow?</THINK>Moo.", "A cow?", "Moo."),
        ("<think></think>\n\nMoo.", "", "Moo."),
        ("<think>A</think>\n<think>B</think>Moo.", "A\n\nB", "Moo."),
        ("<think>A <think> B</think></think>Moo.", "A <think> B", "Moo."),
        ("<think>A</think>Moo <think>B</think>", "A", "Moo <think>B</think>"),
        ("<think>A cow, I th", "A cow, I th", ""),
        ("<think>A cow</thi", "A cow</thi", ""),
        ("[THINK]A[/THINK]Moo.", "A", "Moo."),
        ("<thought>A</thought>Moo.", "A", "Moo."),
        ("◁think▷A◁/think▷Moo.", "A", "Moo."),
        ("<think>İ ß ﬁ</think>哞。", "İ ß ﬁ", "哞。"),
    ],
)
def test_a_marked_thought_at_the_head_is_split_off(text: str, thought: str, reply: str) -> None:
    assert split_thought(text) == Split(thought, reply)


@pytest.mark.parametrize(
    ("text", "thought", "reply"),
    [
        ("A cow says moo.\n</think>\n\nMoo.", "A cow says moo.", "Moo."),
        ("A cow says moo.</think>\nMoo.", "A cow says moo.", "Moo."),
        ("A cow says moo.</think>Moo.", "A cow says moo.", "Moo."),
        ("A cow says moo.</think> Moo.", "A cow says moo.", "Moo."),
        ("So I say moo</think>Moo.", "So I say moo", "Moo."),
        ("奶牛会说哞。</think>哞。", "奶牛会说哞。", "哞。"),
        ('I say "moo"</think>\n\n"Moo," said the cow.', 'I say "moo"', '"Moo," said the cow.'),
        ("</think>\n\nMoo.", "", "Moo."),
        ("A cow says\n</think>", "A cow says", ""),
        ("I say moo</think>\n\nMoo.", "I say moo", "Moo."),
        ("我要说哞</think>\n\n哞。", "我要说哞", "哞。"),
        ("So I say:</think>\r\n\r\nMoo.", "So I say:", "Moo."),
    ],
)
def test_a_closing_tag_alone_ends_a_thought(text: str, thought: str, reply: str) -> None:
    assert split_thought(text) == Split(thought, reply)


@pytest.mark.parametrize(
    "text",
    [
        "The tag </think> ends a thought.",
        "Write `</think>` at the end.",
        "It ends with “</think>”.",
        "It is called </think>.",
        "It is called </think>\nand nothing else.",
        "标签</think>表示思考结束。",
        "</think> is the tag that ends it.",
        "Models think.\n</think> is where they end.",
        "First comes <think>, then the thought.</think>\nThen the reply.",
        "```\nA thought.\n</think>\n```\n",
        "I think, therefore I moo.",
        "< think >no tag</ think >",
        "<thin",
        " \n",
        "",
    ],
)
def test_a_tag_that_is_mentioned_is_a_word_like_any_other(text: str) -> None:
    assert split_thought(text) == Split("", text)


TEXTS = st.lists(
    st.sampled_from(["<think>", "</think>", "<thi", "nk>", "<", "Moo", " ", "\n", "</", "[THINK]", "[/think]", "哞"]),
    max_size=9,
).map("".join)


@given(TEXTS, st.lists(st.integers(0, 60), max_size=8))
def test_what_is_known_of_a_reply_does_not_depend_on_how_it_is_cut(text: str, cuts: list[int]) -> None:
    whole, cut = Thinking(), Thinking()
    at = [0, *sorted(min(place, len(text)) for place in cuts), len(text)]
    came = [cut.feed(text[start:end]) for start, end in pairwise(at)]
    assert "".join([*came, cut.finish()]) == whole.feed(text) + whole.finish()
    assert cut.thoughts == whole.thoughts


@given(TEXTS, st.lists(st.integers(0, 60), max_size=8))
def test_what_is_shown_is_the_reply_that_is_recorded(text: str, cuts: list[int]) -> None:
    shown: list[str] = []
    showing = ShownText(shown.append, as_is, keep_thinking=False)
    for start, end in pairwise([0, *sorted(min(place, len(text)) for place in cuts), len(text)]):
        showing.feed(text[start:end])
    showing.finish()
    split = split_thought(text)
    begins = text.lstrip().lower().startswith(("<think>", "[think]"))
    assert "".join(shown) == (split.reply if begins else text)


def test_a_text_without_a_thought_is_shown_as_it_comes() -> None:
    thinking = Thinking()
    assert [thinking.feed(piece) for piece in ("M", "oo", "<think>")] == ["M", "oo", "<think>"]


def test_a_long_thought_is_read_once() -> None:
    thinking = Thinking()
    thinking.feed("<think>")
    for _ in range(100_000):
        assert thinking.feed("word ") == ""
    assert thinking.feed("</think>Moo") == "Moo"
    assert len(thinking.thoughts[0]) == 500_000


KEY = "sk-shown-0123456789abcdef"
texts = st.lists(
    st.sampled_from(["俺", "老孙", "a", "word", " ", "\n", KEY, KEY[:10], KEY[10:], "。", "😀"]), max_size=12
)


def _shown(pieces: list[str]) -> list[str]:
    shown: list[str] = []
    text = ShownText(shown.append, Redactor([KEY]).clean)
    for piece in pieces:
        text.feed(piece)
    text.finish()
    return shown


@given(texts, st.lists(st.integers(0, 200), max_size=20))
def test_a_key_is_never_shown_however_it_is_cut(words: list[str], cuts: list[int]) -> None:
    whole = "".join(words)
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(places)]
    shown = _shown(pieces)
    assert KEY not in "".join(shown)
    if KEY[:8] not in whole:
        assert "".join(shown) == whole


def test_text_that_can_be_no_key_is_shown_as_it_comes() -> None:
    assert _shown(["俺老", "孙来", "也！"]) == ["俺老", "孙来", "也！"]
    assert _shown(["One wo", "rd, two"]) == ["One ", "word, ", "two"]
