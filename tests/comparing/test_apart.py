"""Why nothing could be compared is said by its cause; and what is counted is counted out of how many."""

import numpy as np
import pytest
from msgspec.structs import replace

from comparing.made import grid, prose, record
from persona_batch.chat import Message
from persona_batch.comparing import Comparison, compare
from persona_batch.record import Record
from persona_batch.verdict.told import verdict_of
from persona_batch.verdict.translation import ENGLISH, Language, language_of

ARMS = {"none": "", "p": "Arrr!"}


def said(found: Comparison, language: Language = ENGLISH) -> str:
    told = verdict_of(found, language)
    return "\n".join([*told.summary, *(arm.sentence for arm in told.claims), *told.limits, *told.advice])


def moved(**fields: object) -> list[Record]:
    """The persona was asked otherwise than its control."""
    return [replace(one, **fields) if one.persona == "p" else one for one in grid(ARMS)]


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"model": "other"}, "no model was asked on both sides"),
        ({"speaker": "Ann"}, "no speaker asked both sides"),
        (
            {"factors": {"temperature": 1.0}, "params": {"temperature": 1.0}},
            "no level of temperature was asked on both sides",
        ),
    ],
)
def test_the_cause_is_named_where_nothing_could_be_compared(fields: dict[str, object], cause: str) -> None:
    found = compare(moved(**fields), permutations=99)
    assert f"p: not tested, {cause}." in said(found)
    assert "0 questions" not in said(found)
    assert cause not in said(found, language_of("zh", {}))


def test_questions_in_other_places_only_are_told_so() -> None:
    records = [one for one in grid(ARMS) if (one.persona == "p") == (one.question in ("q0", "q1"))]
    assert "p: not tested, no question was answered on both sides." in said(compare(records, permutations=99))


def test_questions_that_differ_in_white_space_only_are_pointed_out() -> None:
    def spaced(one: Record) -> Record:
        messages = [*one.messages[:-1], Message("user", one.messages[-1].content + " ")]
        return replace(one, question=f"{one.question}-2", messages=messages, key=one.key + "-2")

    records = [spaced(one) if one.persona == "p" and one.question != "q0" else one for one in grid(ARMS)]
    note = "7 questions of one side differ from those of the other in white space only"
    assert note in said(compare(records, permutations=99))
    assert "white space" not in said(compare(grid(ARMS), permutations=99))


def test_where_nothing_could_be_tested_no_zero_is_counted() -> None:
    voices = {"none": "", "p": "", "q": ""}
    records = [replace(one, model="other") if one.persona != "none" else one for one in grid(voices)]
    assert "2 could not be tested." in said(compare(records, permutations=99))
    assert "0 of 0" not in said(compare(records, permutations=99))


def test_what_another_tool_asked_cannot_be_run_again() -> None:
    records = [replace(one, persona={"none": "a", "p": "b"}[one.persona]) for one in grid(ARMS)]
    assert "or run again" in said(compare(records, permutations=99))
    imported = [replace(one, provider="imported:table") for one in records]
    assert "run again" not in said(compare(imported, permutations=99))
    assert "name one with --control" in said(compare(imported, permutations=99))


def test_one_question_that_is_told_in_all_cases_is_not_said_to_be_alike() -> None:
    records = grid({"none": "", "p": "Arrr, matey, ahoy! " * 9}, samples=3, questions=1)
    told = said(compare(records, permutations=99))
    assert "could not be told" not in told
    assert "p may differ from no prompt" in told


def word_lists(found: Comparison) -> str:
    return "\n".join(line for arm in verdict_of(found, ENGLISH).claims for line in arm.effects)


def test_words_are_counted_out_of_how_many_where_the_sides_have_not_as_many() -> None:
    rng = np.random.default_rng(1)
    records = [
        record(name, f"q{q}", ("Arrr. " if name == "p" else "") + prose(rng), sample=s)
        for name, samples in (("none", 5), ("p", 2))
        for q in range(8)
        for s in range(samples)
    ]
    assert "arrr (16 of 16 against 0 of 40 replies)" in word_lists(compare(records, permutations=199))


def test_a_word_that_all_replies_of_both_sides_hold_is_not_said_less() -> None:
    rng = np.random.default_rng(1)
    own = {"none": "", "p": "arrr ahoy matey plunder gold booty sail mast deck crew "}
    records = [
        record(name, f"q{q}", f"{own[name]}thing and word", sample=s)
        for name in own
        for q in range(12)
        for s in range(4)
    ]
    records = [replace(one, reply=f"{one.reply} {prose(rng, 3)}") for one in records]
    lists = word_lists(compare(records, permutations=199))
    assert "arrr (48 against 0 replies)" in lists
    assert "(48 against 48 replies)" not in lists
