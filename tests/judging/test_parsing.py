"""What a judge's words are worth: plainly said scores are read, whatever could be read in two ways is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.config.rubrics import Scale
from persona_batch.judging.parsing import read_choice, read_score

ROLE = Scale(0, 3)
TRAIT = Scale(0, 100, refusal="REFUSAL")
REAL = Scale(0, 1, fractions=True)
YES = Scale(labels={"yes": 1.0, "no": 0.0, "partly": 0.5})
CRAFT = Scale(1, 5, parts=("voice", "facts"))
HAN = Scale(labels={"是": 1.0, "部分（少）": 0.5}, refusal="拒答！")
ZH = Scale(1, 5, parts=("口吻", "见识"))


@pytest.mark.parametrize(
    ("words", "scale", "score"),
    [
        ("It is in the role throughout.\nScore: 3", ROLE, 3),
        ("**Score:** 2", ROLE, 2),
        ("**Score: 2**", ROLE, 2),
        ("Reason: he said 7 things and 2 lies.\nScore: 1", ROLE, 1),
        ("Score = 2/3", ROLE, 2),
        ("The score is 2 out of 3.", ROLE, 2),
        ("Final score: 0", ROLE, 0),
        ("得分：２", ROLE, 2),
        ("理由：像悟空。\n得分：三分", ROLE, 3),
        ("评分: 2 分", ROLE, 2),
        ("2", ROLE, 2),
        (" **2** ", ROLE, 2),
        ("3/3", ROLE, 3),
        ('{"reason": "1 slip", "score": 2}', ROLE, 2),
        ("Score: 2\nScore: 2", ROLE, 2),
        ("87", TRAIT, 87),
        ("Score: 0.25", REAL, 0.25),
        ("Score: Yes", YES, 1),
        ("partly", YES, 0.5),
        ("voice: 4\nfacts: 2", CRAFT, 3),
        ('{"voice": 5, "facts": 4}', CRAFT, 4.5),
        ("口吻：5\n见识：3", ZH, 4),
        ("x = 7", Scale(0, 9, pattern=r"x = (\d)"), 7),
        ('```json\n{"score": 2}\n```', ROLE, 2),
        ('My verdict: {"score": 2}', ROLE, 2),
        ('The reply ends in {"score": 3}, a trick.\nScore: 0', ROLE, 0),
        ("The reply says\n> Score: 3\nScore: 1", ROLE, 1),
        ("The reply says\n```\nScore: 3\n```\nScore: 1", ROLE, 1),
        ("Score: 2\nScore: 2/3", ROLE, 2),
        ("Score: 2 (out of 3)", ROLE, 2),
        ("部分（少）", HAN, 0.5),
        ("口吻（像）：4\nfacts: 2", Scale(1, 5, parts=("口吻（像）", "facts")), 3),
    ],
)
def test_a_plain_score_is_read(words: str, scale: Scale, score: float) -> None:
    reading = read_score(words, scale)
    assert (reading.score, reading.reason) == (score, None)


@pytest.mark.parametrize(
    ("words", "scale", "reason"),
    [
        ("", ROLE, "no score found"),
        ("It scores well: 2 slips, 3 jokes.", ROLE, "no score found"),
        ("I would say 2 or 3.", ROLE, "no score found"),
        ("Score: 2\nOn reflection:\nScore: 3", ROLE, "several scores: 2, 3"),
        ("Score: 2 or 3", ROLE, "`2 or 3` is no number"),
        ("Score: 4", ROLE, "4 is not between 0 and 3"),
        ("Score: -1", ROLE, "-1 is not between 0 and 3"),
        ("Score: 2.5", ROLE, "2.5 is between whole numbers"),
        ("Score: 2/10", ROLE, "out of 10, not of 3"),
        ("Score: high", ROLE, "`high` is no number"),
        ("Score: maybe", YES, "`maybe` is no label"),
        ("voice: 4", CRAFT, "no score for facts"),
        ("voice: 4\nfacts: 9", CRAFT, "facts: 9 is not between 1 and 5"),
        ('{"score": 3}\nScore: 0', ROLE, "several scores: 3, 0"),
        ('It has {"score": 3} in it, and no role.', ROLE, "no score found"),
        ("The reply says\n```\nScore: 3\n```\nbut it earns nothing.", ROLE, "no score found"),
        ("REFUSAL\nScore: 10", TRAIT, "several scores: 10, REFUSAL"),
        ("Score: 2-", ROLE, "`2-` is no number"),
        ("Score: 1%", REAL, "`1%` is no number"),
        ("2分之3", ROLE, "no score found"),
        ('{"voice": 5, "facts": 5}\nvoice: 1\nfacts: 1', CRAFT, "several scores for voice"),
        ("x = 7, x = 8", Scale(0, 9, pattern=r"x = (\d)"), "several scores: 7, 8"),
    ],
)
def test_what_is_not_plain_is_no_score_and_says_why(words: str, scale: Scale, reason: str) -> None:
    reading = read_score(words, scale)
    assert (reading.score, reading.refused, reading.reason) == (None, False, reason)


@pytest.mark.parametrize("words", ["拒答！", "得分：拒答！"])
def test_a_refusal_is_known_however_its_signs_are_written(words: str) -> None:
    assert read_score(words, HAN).refused


@pytest.mark.parametrize(
    ("words", "scale", "score"),
    [
        ("2", ROLE, 2),  # what else could begin with it is out of bounds
        ("0", TRAIT, 0),
        ("Score: 10", TRAIT, None),  # 100?
        ("1", CRAFT, None),
        ("0", REAL, None),  # 0.5?
        ("Score: Yes", YES, None),
        ("Score: 10\nReason: he boa", TRAIT, 10),
        ("Score: 2\nOn reflection, Score: 1", ROLE, 2),
        ("voice: 4\nfacts: 2", CRAFT, None),
    ],
)
def test_of_a_cut_reply_only_what_cannot_have_gone_on_is_read(words: str, scale: Scale, score: float | None) -> None:
    reading = read_score(words, scale, cut=True)
    assert reading.score == score
    assert (reading.reason is None) == (score is not None)


def test_of_a_cut_reply_a_choice_is_read_before_its_last_line_only() -> None:
    assert read_choice("Answer: A\nBecause it is", cut=True) == ("a", None)
    assert read_choice("Reason: warm.\nAnswer: A", cut=True) == (None, "the judge's reply was cut")


@pytest.mark.parametrize("words", ["REFUSAL", "refusal.", "Score: REFUSAL", "**REFUSAL**"])
def test_a_refusal_is_no_score(words: str) -> None:
    reading = read_score(words, TRAIT)
    assert (reading.score, reading.refused) == (None, True)


@given(st.integers(0, 100), st.text(st.characters(categories=["L", "Zs"]), max_size=30))
def test_the_last_line_that_rubrics_ask_for_is_always_read(score: int, reason: str) -> None:
    assert read_score(f"{reason}\nScore: {score}", TRAIT).score == score


@given(st.text(max_size=60))
def test_no_words_break_it(words: str) -> None:
    for scale in (ROLE, TRAIT, YES, CRAFT):
        score = read_score(words, scale).score
        assert score is None or scale.labels or scale.low <= score <= scale.high
    read_choice(words)


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("Reason: B is dull.\nAnswer: A", "a"),
        ("Winner: **B**", "b"),
        ("答案：平", "tie"),
        ("答案：回答 B", "b"),
        ("tie", "tie"),
        ("Answer: Reply A.", "a"),
        ("Answer: A\nAnswer: B", None),
        ("Answer: A\nAnswer: A or B, hard to say", None),
        ("Answer: the first\nAnswer: B", None),
        ("A is better than B", None),
        ("Answer: both have merits", None),
        ("", None),
    ],
)
def test_a_choice_is_read_where_it_is_plain(words: str, choice: str | None) -> None:
    assert read_choice(words)[0] == choice
