"""Which option a reply gives, and whether it is the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.checks import Check, evaluate, fault_of
from persona_batch.checks.arguments import Choice
from persona_batch.checks.choosing import chosen

LETTERS = ("A", "B", "C", "D")

GIVEN: list[tuple[tuple[str, ...], str, str | None]] = [
    (LETTERS, "An apple", None),
    (LETTERS, "A", "A"),
    (LETTERS, "The answer is C.", "C"),
    (LETTERS, "Answer:D", "D"),
    (LETTERS, "**B**", "B"),
    (LETTERS, "(b) the cat", "B"),
    (LETTERS, "b) the cat", "B"),
    (LETTERS, "b. the cat", "B"),
    (LETTERS, "It's b.", "B"),
    (LETTERS, "The answer is a cat, so C", "C"),
    (LETTERS, "选A", "A"),
    (LETTERS, "我选b选项", "B"),
    (LETTERS, "（Ｂ）", "B"),
    (LETTERS, "答案：ｃ", "C"),
    (LETTERS, "Ⓓ", "D"),
    (LETTERS, "A good question. C.", "C"),
    (LETTERS, "A is right, B is not", "A"),
    (LETTERS, "A\nlions roar", "A"),
    (LETTERS, "Not A but B", "B"),
    (LETTERS, "It isn't A, it is D", "D"),
    (LETTERS, "不选A，选D", "D"),
    (LETTERS, "不是B，是C", "C"),
    (LETTERS, "vitamin A-rich food", None),
    (LETTERS, "D'Artagnan picks C", "C"),
    (LETTERS, "", None),
    (("H", "I"), "I think H", "H"),
    (("1", "2", "3"), "10 or 1.5 or 2/3", None),
    (("1", "2", "3"), "-1", None),
    (("1", "2", "3"), "1. the lion", "1"),
    (("1", "2", "3"), "我打３分", "3"),
    (("1", "2", "3"), "②", "2"),
    (("-1", "0", "1"), "I say -1", "-1"),
    (("yes", "no"), "I know. Yes!", "yes"),
    (("true", "false"), "It is not true but False", "false"),
    (("York", "New York"), "In new  york", "New York"),
    (("York", "New York"), "Yorkshire, York", "York"),
    (("是", "不是"), "不是。", "不是"),
    (("是", "否"), "不是，否", "否"),
    (("孙悟空", "猪八戒"), "我是猪八戒，不是孙悟空", "猪八戒"),
]


@pytest.mark.parametrize(("options", "reply", "option"), GIVEN)
def test_the_first_match_is_what_is_chosen(options: tuple[str, ...], reply: str, option: str | None) -> None:
    assert chosen(Choice(options), reply) == option


@pytest.mark.parametrize(
    ("pattern", "reply", "answer"),
    [
        ("[1-4]", "I say 3, or 4", "3"),
        ("answer is ([A-D])", "A? The answer is B.", "B"),
        (r"(?i)\b(?:yes|no)\b", "YES", "yes"),
    ],
)
def test_a_pattern_finds_the_answer_by_its_first_group(pattern: str, reply: str, answer: str) -> None:
    check = Check("choice", {"regex": pattern})
    assert evaluate(check, reply, answer)
    assert not evaluate(check, reply, "9")
    assert fault_of(check, "Who knows?", answer) == "no answer found"


def test_the_reason_names_what_was_answered_and_what_is_right() -> None:
    check = Check("choice", ["A", "B"])
    assert fault_of(check, "B, surely", "A") == "answered `B`, right is `A`"
    assert fault_of(check, "B, surely", "B") is None


@pytest.mark.parametrize("negated", [True, False])
def test_without_an_answer_nothing_can_be_right(negated: bool) -> None:
    assert fault_of(Check("choice", ["A", "B"], negated), "A") == "the question has no `answer`"


@given(
    st.sampled_from(LETTERS), st.text(st.sampled_from("。，！？：；、… \n（）《》"), max_size=5), st.text(max_size=20)
)
def test_a_capital_among_chinese_signs_is_chosen_whatever_comes_after_them(letter: str, signs: str, rest: str) -> None:
    assert chosen(Choice(LETTERS), f"答案{signs}{letter}。{rest}") == letter
