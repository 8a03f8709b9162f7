"""Untrusted text on a terminal: harmless, and measured in cells."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from persona_batch.view.terminal import fit, one_line, prose, visible, wrap

ATTACKS = {
    "colour": "\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "hyperlink": "\x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\",
    "clear": "\x1b[2J\x1b[H",
    "c1 csi": "\x9b31m",
    "c1 osc": "\x9d0;owned\x9c",
    "overwrite": "safe\rdanger",
    "erase": "abc\b\b\b\x7f",
    "bell": "\x07",
    "bidi override": "\u202egnp.exe",
    "bidi isolate": "\u2066x\u2069",
    "null": "\x00",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_control_sequence_is_shown_and_not_obeyed(attack: str) -> None:
    shown = visible(attack)
    assert all(ord(char) >= 0x20 and not 0x7F <= ord(char) < 0xA0 for char in shown)
    assert not set(shown) & {"\u202e", "\u2066", "\u2069"}
    assert cell_len(shown) > 0


def test_line_feeds_tabs_and_ordinary_text_stay() -> None:
    text = "第一行\n\tsecond 👨‍👩‍👧 é"
    assert visible(text) == text


def test_windows_line_ends_are_line_feeds_but_a_lone_return_is_shown() -> None:
    assert visible("a\r\nb\rc") == "a\nb␍c"


@given(st.text(), st.integers(0, 30))
def test_text_cut_anywhere_is_as_harmless_as_the_whole(text: str, cut: int) -> None:
    whole = text.replace("\r", "")
    assert visible(whole[:cut]) + visible(whole[cut:]) == visible(whole)


def test_one_line_has_no_line_feed() -> None:
    assert one_line("a\n b\tc\x1b") == "a b c␛"


TEXTS = st.text(alphabet=st.sampled_from("ab 你好，。e\u0301👍①\n\t"), max_size=80)


@given(TEXTS, st.integers(2, 30))
def test_no_wrapped_line_is_wider_than_asked(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrap(text, width))


@given(TEXTS, st.integers(2, 30))
def test_wrapping_loses_nothing_but_spaces_at_line_ends(text: str, width: int) -> None:
    kept = "".join(wrap(text, width)).replace(" ", "")
    assert kept == text.replace(" ", "").replace("\n", "").replace("\t", "")


def test_words_are_kept_whole_where_they_fit() -> None:
    assert wrap("the quick brown fox", 10) == ["the quick", "brown fox"]


def test_a_word_longer_than_the_line_is_broken() -> None:
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]


def test_chinese_breaks_between_characters() -> None:
    assert wrap("你是孙悟空从石头里蹦出来", 10) == ["你是孙悟空", "从石头里蹦", "出来"]


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    assert wrap("一二三四五，六七", 10) == ["一二三四", "五，六七"]
    assert wrap("一二三四（五六）", 10) == ["一二三四", "（五六）"]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("他说：“你好！”", 9, ["他说：“你", "好！”"]),
        ("一二三 。四", 6, ["一二", "三 。", "四"]),
        ("see (你好) 。ok", 11, ["see (你", "好) 。ok"]),
        ("取经路上〔一〕走", 10, ["取经路上", "〔一〕走"]),
        ("カレーライスだよー", 16, ["カレーライスだ", "よー"]),
        ("价格￥100元", 6, ["价格", "￥100", "元"]),
        ("好吗?!好", 5, ["好", "吗?!", "好"]),
        ("abcdefghij。k", 10, ["abcdefghi", "j。k"]),
    ],
    ids=str,
)
def test_lines_break_as_kinsoku_has_it(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


KINSOKU = st.text(alphabet=st.sampled_from("ab 你好，。？！…（）《》“”「」、；："), max_size=80)


@given(KINSOKU, st.integers(12, 40))
def test_a_line_begins_with_a_closing_mark_only_where_nothing_else_could(text: str, width: int) -> None:
    spaced = re.sub(r"([^ab你好]{3})[^ab你好]+", r"\1", text)  # more marks in a row fill a line by themselves
    for line in wrap(spaced, width)[1:]:
        assert not line.startswith(tuple("，。？！…）》”」、；："))
    for line in wrap(spaced, width)[:-1]:
        assert not line.endswith(tuple("（《“「"))


PATH = "/home/me/persona/work/runs/20261122T065600Z-a-very-long-name-of-a-batch+another/records.jsonl"


@pytest.mark.parametrize("width", [20, 60, 80, 100])
@pytest.mark.parametrize(
    "whole",
    ["20261122T065600Z-wukong", PATH, "`batch run --resume runs/20261122T065600Z-wukong --retry-errors`"],
)
def test_prose_breaks_no_word_no_path_and_no_command(whole: str, width: int) -> None:
    sentence = (
        f"stopped early: the day's quota is used up; 1,200 of 9,600 cells are left: {whole} asks 其余的问题，明天再来。"
    )
    lines = prose(sentence, width)
    assert " ".join(line.strip() for line in lines).replace(" ", "") == sentence.replace(" ", "")
    assert sum(whole in line for line in lines) == 1
    assert all(cell_len(line) <= width for line in lines if whole not in line)
    assert [line.startswith("  ") for line in lines] == [False, *[True] * (len(lines) - 1)]


def test_prose_in_a_pipe_is_one_line() -> None:
    assert prose("a " * 200, None) == ["a " * 200]


def test_chinese_behind_an_english_word_fills_the_line() -> None:
    assert wrap("a 你好你好", 6) == ["a 你好", "你好"]


@given(TEXTS.map(one_line), st.integers(1, 30))
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width


def test_fit_marks_what_it_cut() -> None:
    assert fit("孙悟空大闹天宫", 8) == "孙悟空… "
